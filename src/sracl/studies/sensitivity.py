"""How much the result depends on a setting: one at a time over a grid, the others as configured."""

from sracl.config import RunConfig
from sracl.studies.definition import Study, Variant

CONFIGURED = "as configured"


def sensitivity(config: RunConfig) -> Study:
    """A variant for every value of every setting in `study.grids`, each compared with the configured values."""
    variants = tuple(
        Variant(f"{key} = {value:g}", {key: value}) for key, values in config.study.grids.items() for value in values
    )
    return Study("sensitivity", (Variant(CONFIGURED), *variants), tuple((v.label, CONFIGURED) for v in variants))
