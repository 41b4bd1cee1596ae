"""Section `objectives.next_item`: the loss of the next item."""

from typing import Any

from pydantic import ConfigDict, Field, model_validator

from sracl.config.section import Section


class NextItemConfig(Section):
    """The loss of the next item by name, and its own settings beside it, checked and filled in."""

    model_config = ConfigDict(extra="allow")

    loss: str = Field("softmax", description="`softmax` over all items, or one that draws some, see docs/objectives.md")

    @model_validator(mode="before")
    @classmethod
    def _with_settings(cls, values: Any) -> Any:
        # PyTorch comes along with the losses, which takes seconds: `sracl --help` should not wait for it.
        from sracl.objectives.next_item.settings import known_settings

        return known_settings(values)

    @property
    def settings(self) -> dict[str, Any]:
        """All but the name: what the loss's `of` takes."""
        return dict(self.__pydantic_extra__ or {})
