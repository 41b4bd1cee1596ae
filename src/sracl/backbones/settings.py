"""A backbone's settings are the parameters of its constructor: declared there once, checked by `sracl.settings`."""

from collections.abc import Mapping
from functools import cache
from inspect import signature
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field

from sracl.backbones.base import Backbone
from sracl.errors import InputError
from sracl.settings import check_keys, fields_of, model_of

GIVEN = ("item_count", "max_length")
"""Parameters that the data determine, and no setting."""


def _dividing(heads: int, info: Any) -> int:
    """info: pydantic's `ValidationInfo`, a protocol that cannot be checked while tests run."""
    dimension = info.data.get("dimension", heads)
    if dimension % heads:
        raise ValueError(f"backbone.dimension {dimension} is no multiple of backbone.heads {heads}")
    return heads


CountedFrom = Literal["start", "end"]
Dimension = Annotated[int, Field(ge=1, description="d, the width of item vectors and states")]
Layers = Annotated[int, Field(ge=1, description="one after another")]
Heads = Annotated[int, Field(ge=1, description="must divide dimension"), AfterValidator(_dividing)]
Dropout = Annotated[float, Field(ge=0, lt=1)]
Positions = Annotated[CountedFrom, Field(description="where counting begins, see docs/method.md")]


@cache
def settings_of(backbone: type[Backbone]) -> type[BaseModel]:
    """A model of the settings of `backbone`, with the names, types, bounds and defaults of its constructor.

    Raises InputError for a constructor whose parameters cannot be settings.
    """
    place = f"{backbone.__qualname__}.__init__"
    if missing := [name for name in GIVEN if name not in signature(backbone.__init__).parameters]:
        raise InputError(f"{place} must take {' and '.join(missing)}, as Backbone's does")
    fields = fields_of(backbone.__init__, place, given=GIVEN)
    return model_of(f"{backbone.__qualname__}Settings", place, fields)


def checked_settings(name: str, backbone: type[Backbone], values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` checked, and every default filled in.

    Raises pydantic's errors for a value that does not fit, and for a key that is no setting of this backbone.
    """
    model = settings_of(backbone)

    def explain(key: str, near: str | None) -> str:
        hint = f"did you mean `{near}`?" if near else f"its settings: {', '.join(model.model_fields) or 'none'}"
        return f"`backbone.{key}` is not a setting of {name}; {hint}"

    check_keys(values, model.model_fields, explain)
    return model.model_validate(dict(values)).model_dump()
