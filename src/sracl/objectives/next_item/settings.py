"""A next-item loss's settings: the parameters of its constructor that have a default."""

from collections.abc import Mapping
from functools import cache
from inspect import Parameter, signature
from typing import Any

from pydantic import BaseModel

from sracl.objectives.next_item import NEXT_ITEM_LOSSES
from sracl.objectives.next_item.base import NextItemLoss
from sracl.settings import check_keys, fields_of, model_of, nearest, whole_message


@cache
def settings_of(loss: type[NextItemLoss]) -> type[BaseModel]:
    """A model of the settings of `loss`. Raises InputError for parameters that cannot be settings."""
    place = f"{loss.__qualname__}.__init__"
    if loss.__init__ is NextItemLoss.__init__:
        return model_of(f"{loss.__qualname__}Settings", place, {})
    given = [p.name for p in signature(loss.__init__).parameters.values() if p.default is Parameter.empty]
    return model_of(f"{loss.__qualname__}Settings", place, fields_of(loss.__init__, place, given=given))


def known_settings(section: Any) -> Any:
    """The configuration's section `objectives.next_item`, its settings checked and every default filled in.

    What is no section comes back as it is, for the configuration to refuse. Raises pydantic's errors for a loss that is
    not known, a value that does not fit, and a key that is no setting of the loss.
    """
    if not isinstance(section, Mapping):
        return section
    settings = dict(section)
    name = settings.pop("loss", "softmax")
    if name not in NEXT_ITEM_LOSSES:
        near = nearest(str(name), NEXT_ITEM_LOSSES)
        hint = f"did you mean `{near}`?" if near else f"known: {', '.join(NEXT_ITEM_LOSSES)}"
        raise whole_message(f"there is no next-item loss `{name}`; {hint}")
    model = settings_of(NEXT_ITEM_LOSSES[name])

    def explain(key: str, near: str | None) -> str:
        hint = f"did you mean `{near}`?" if near else f"its settings: {', '.join(model.model_fields) or 'none'}"
        return f"`objectives.next_item.{key}` is not a setting of {name}; {hint}"

    check_keys(settings, model.model_fields, explain)
    return {"loss": name} | model.model_validate(settings).model_dump()
