"""Section `ray`: how the work is divided over the machines of a Ray cluster."""

from pydantic import Field

from sracl.config.section import Section


class RayConfig(Section):
    """The workers of `engine: ray`; which cluster it is, the variable RAY_ADDRESS says."""

    workers: int | None = Field(None, ge=1, description="at a time; null: as many as there is room for")
    cpus: int | None = Field(None, ge=1, description="cores of a worker; null: as many as there are for each")
    gpus: float = Field(0.0, ge=0, description="of a worker, for an encoder that takes one")
