"""A baseline's settings are the parameters of its constructor beside the data: declared there once."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

from sracl.evaluation.baselines import BASELINES
from sracl.evaluation.baselines.base import Baseline
from sracl.settings import check_keys, fields_of, model_of, nearest, whole_message


@cache
def settings_of(baseline: type[Baseline]) -> type[BaseModel]:
    """A model of the settings of `baseline`, with the names, types, bounds and defaults of its constructor."""
    place = f"{baseline.__qualname__}.__init__"
    return model_of(f"{baseline.__qualname__}Settings", place, fields_of(baseline.__init__, place, given=("data",)))


def known_baseline(entry: Any, others: tuple[str, ...] = ()) -> Any:
    """An entry of `evaluation.baselines`, a name or a section, as a section with every default filled in.

    others: names that stand for something else and have no settings. What is neither a name nor a section comes back
    as it is, for the configuration to refuse. Raises pydantic's errors for an unknown name, a key that is no setting
    and a value that does not fit.
    """
    if isinstance(entry, str):
        entry = {"name": entry}
    if not (isinstance(entry, Mapping) and isinstance(entry.get("name"), str)):
        return entry
    settings = dict(entry)
    name = settings.pop("name")
    if name not in others and name not in BASELINES:
        near = nearest(name, [*BASELINES, *others])
        hint = f"did you mean `{near}`?" if near else f"known: {', '.join([*BASELINES, *others])}"
        raise whole_message(f"there is no baseline `{name}`; {hint}")
    model = None if name in others else settings_of(BASELINES[name])
    known = model.model_fields if model else {}

    def explain(key: str, near: str | None) -> str:
        hint = f"did you mean `{near}`?" if near else f"its settings: {', '.join(known) or 'none'}"
        return f"`{key}` is not a setting of the baseline {name}; {hint}"

    check_keys(settings, known, explain)
    return {"name": name} | (model.model_validate(settings).model_dump() if model else {})


def label_of(name: str, settings: Mapping[str, Any]) -> str:
    """What a baseline is called in tables and records: its name, and in brackets what differs from the defaults."""
    usual = settings_of(BASELINES[name])().model_dump()
    changed = [f"{key}={value}" for key, value in settings.items() if value != usual[key]]
    return f"{name} ({', '.join(changed)})" if changed else name
