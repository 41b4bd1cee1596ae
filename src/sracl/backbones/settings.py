"""A backbone's settings are the parameters of its constructor: declared there once, checked here."""

import difflib
from collections.abc import Mapping
from functools import cache
from inspect import Parameter, signature
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PydanticSchemaGenerationError,
    PydanticUserError,
    create_model,
)
from pydantic_core import PydanticCustomError

from sracl.backbones.base import Backbone
from sracl.errors import InputError

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
    fields: dict[str, Any] = {}
    try:
        types = get_type_hints(backbone.__init__, include_extras=True)
        parameters = dict(list(signature(backbone.__init__).parameters.items())[1:])
        if missing := [name for name in GIVEN if name not in parameters]:
            raise InputError(f"{backbone.__qualname__}.__init__ must take {' and '.join(missing)}, as Backbone's does")
        for name, parameter in parameters.items():
            if parameter.kind not in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY):
                raise InputError(f"{backbone.__qualname__}.__init__ takes {parameter}: give every setting a name there")
            if name not in GIVEN:
                default = ... if parameter.default is Parameter.empty else parameter.default
                fields[name] = (types.get(name, Any), default)
        strict = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())
        return create_model(f"{backbone.__qualname__}Settings", __config__=strict, **fields)
    except (NameError, TypeError, PydanticSchemaGenerationError, PydanticUserError) as error:
        told = " ".join(str(error).split())[:200]
        raise InputError(f"the parameters of {backbone.__qualname__}.__init__ cannot be settings: {told}") from error


def checked_settings(name: str, backbone: type[Backbone], values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` checked, and every default filled in.

    Raises pydantic's errors for a value that does not fit, and for a key that is no setting of this backbone.
    """
    model = settings_of(backbone)
    for key in values:
        if key not in model.model_fields:
            near = difflib.get_close_matches(str(key), model.model_fields, n=1, cutoff=0.5)
            hint = f"did you mean `{near[0]}`?" if near else f"its settings: {', '.join(model.model_fields) or 'none'}"
            raise whole_message(f"`backbone.{key}` is not a setting of {name}; {hint}")
    return model.model_validate(dict(values)).model_dump()


def whole_message(message: str) -> PydanticCustomError:
    """An error whose message says what and where by itself."""
    return PydanticCustomError("whole_message", "{message}", {"message": message})
