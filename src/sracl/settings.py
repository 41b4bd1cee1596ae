"""Settings of a part are parameters of what makes it: declared there once, turned into a checked model here."""

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping
from inspect import Parameter, signature
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, PydanticSchemaGenerationError, PydanticUserError, create_model
from pydantic_core import PydanticCustomError

from sracl.errors import InputError

Fields = dict[str, tuple[Any, Any]]
"""By name, the type and the default of a setting; `...` where it has none."""


def fields_of(function: Callable[..., Any], place: str, given: Collection[str], rest: bool = False) -> Fields:
    """The parameters of `function` that are settings: all but the first and those `given` by others.

    place: what `function` is called in errors. rest: whether `**settings` may stand among them, for what another takes.
    Raises InputError for parameters that cannot be settings.
    """
    fields: Fields = {}
    allowed = {Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY}
    try:
        types = get_type_hints(function, include_extras=True)
        for name, parameter in list(signature(function).parameters.items())[1:]:
            if rest and parameter.kind is Parameter.VAR_KEYWORD:
                continue
            if parameter.kind not in allowed:
                raise InputError(f"{place} takes {parameter}: give every setting a name there")
            if name not in given:
                default = ... if parameter.default is Parameter.empty else parameter.default
                fields[name] = (types.get(name, Any), default)
    except (NameError, TypeError) as error:
        raise _no_settings(place, error) from error
    return fields


def model_of(name: str, place: str, fields: Fields, base: type[BaseModel] | None = None) -> type[BaseModel]:
    """A model called `name` of these fields, after those of `base`: no other keys, values that do not change.

    Raises InputError for a type that no configuration can hold.
    """
    try:
        if base is not None:
            return create_model(name, __base__=base, **fields)  # type: ignore[call-overload,no-any-return]
        strict = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())
        return create_model(name, __config__=strict, **fields)  # type: ignore[call-overload,no-any-return]
    except (NameError, TypeError, PydanticSchemaGenerationError, PydanticUserError) as error:
        raise _no_settings(place, error) from error


def check_keys(values: Mapping[str, Any], known: Iterable[str], explain: Callable[[str, str | None], str]) -> None:
    """Raise an error that is shown as it stands for the first key of `values` that is not known.

    explain: its message, of the key and the nearest known one, None where none is near.
    """
    names = list(known)
    for key in values:
        if key not in names:
            raise whole_message(explain(str(key), nearest(str(key), names)))


def nearest(key: str, known: Iterable[str]) -> str | None:
    """The known name that `key` is probably meant to be."""
    near = difflib.get_close_matches(key, list(known), n=1, cutoff=0.5)
    return near[0] if near else None


def whole_message(message: str) -> PydanticCustomError:
    """An error whose message says what and where by itself."""
    return PydanticCustomError("whole_message", "{message}", {"message": message})


def _no_settings(place: str, error: Exception) -> InputError:
    told = " ".join(str(error).split())[:200]
    return InputError(f"the parameters of {place} cannot be settings: {told}")
