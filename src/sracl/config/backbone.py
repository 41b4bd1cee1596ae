"""Section `backbone`: the sequence encoder."""

from typing import Any

from pydantic import ConfigDict, Field, model_validator

from sracl.config.section import Section


class BackboneConfig(Section):
    """The sequence encoder by name, and its own settings beside it: the parameters of its constructor.

    Those of a known backbone are checked here, and its defaults filled in. A backbone of one's own is not imported by
    reading a configuration: its settings stand as they are, see `sracl.backbones.named`.
    """

    model_config = ConfigDict(extra="allow")

    name: str = Field("sasrec", description="a known name, or `FILE.py:CLASS` or `PACKAGE.MODULE:CLASS` of one's own")

    @model_validator(mode="before")
    @classmethod
    def _with_settings(cls, values: Any) -> Any:
        # PyTorch comes along with the backbones, which takes seconds: `sracl --help` should not wait for it.
        from sracl.backbones.named import known_settings

        return known_settings(values)
