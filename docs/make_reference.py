"""Writes docs/configuration.md from the configuration's own fields: `python docs/make_reference.py`."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from sracl.backbones import BACKBONES
from sracl.backbones.settings import settings_of
from sracl.config import BaselineConfig, ObjectivesConfig, RunConfig
from sracl.evaluation.baselines import BASELINES
from sracl.evaluation.baselines.settings import settings_of as settings_of_baseline
from sracl.objectives import OBJECTIVES
from sracl.objectives.next_item import NEXT_ITEM_LOSSES
from sracl.objectives.next_item.settings import settings_of as settings_of_loss
from sracl.objectives.settings import section_of

TARGET = Path(__file__).parent / "configuration.md"
WORDS = {
    str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path", datetime: "date",
    NoneType: "null", BaselineConfig: "name or section",
}  # fmt: skip


def rows(section: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """A table row for every key, depth first."""
    for name, field in section.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from rows(annotation, f"{prefix}{name}.")
            if annotation is ObjectivesConfig:
                for objective, kind_of in OBJECTIVES.items():
                    yield from rows(section_of(kind_of), f"{prefix}{name}.{objective}.")
            continue
        value = field.get_default(call_default_factory=True)
        default = "" if value is PydanticUndefined else f"`{shown(value)}`"
        told = f"{bounds(field.metadata)}{field.description or ''}".strip()
        yield f"| `{prefix}{name}` | {kind(annotation)} | {default} | {told} |"


def settings() -> Iterator[str]:
    """A table row for every setting of every known backbone."""
    for name, backbone in BACKBONES.items():
        for key, field in settings_of(backbone).model_fields.items():
            told = f"{bounds(field.metadata)}{field.description or ''}".strip()
            yield f"| {name} | `backbone.{key}` | {kind(field.annotation)} | `{shown(field.default)}` | {told} |"


def next_item_settings() -> Iterator[str]:
    """A table row for every setting of every next-item loss."""
    for name, loss in NEXT_ITEM_LOSSES.items():
        for key, field in settings_of_loss(loss).model_fields.items():
            told = f"{bounds(field.metadata)}{field.description or ''}".strip()
            full = f"objectives.next_item.{key}"
            yield f"| {name} | `{full}` | {kind(field.annotation)} | `{shown(field.default)}` | {told} |"


def baseline_settings() -> Iterator[str]:
    """A table row for every setting of every baseline that has any."""
    for name, baseline in BASELINES.items():
        for key, field in settings_of_baseline(baseline).model_fields.items():
            told = f"{bounds(field.metadata)}{field.description or ''}".strip()
            yield f"| {name} | `{key}` | {kind(field.annotation)} | `{shown(field.default)}` | {told} |"


def shown(value: object) -> str:
    """A default as YAML writes it."""
    if isinstance(value, BaselineConfig):
        return value.name
    if value is None:
        return "null"
    if isinstance(value, tuple):
        return "[" + ", ".join(shown(part) for part in value) + "]"
    if isinstance(value, BaseModel):
        return shown(value.model_dump(exclude_unset=True))
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {shown(part)}" for key, part in value.items()) + "}"
    # A table's columns are told apart by the same character.
    return str(value).lower() if isinstance(value, bool) else str(value).replace("|", "\\|")


def kind(annotation: Any) -> str:
    """A type in words: `text`, `one of a, b`, `list of whole number`."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return kind(arguments[0])
    if origin is Literal:
        return "one of " + ", ".join(f"`{value}`" for value in arguments)
    if origin is tuple:
        return f"list of {kind(arguments[0])}"
    if origin is dict:
        return "keys and values"
    if origin in (Union, UnionType):
        return " or ".join(kind(argument) for argument in arguments)
    return WORDS[annotation]


def bounds(metadata: list[object]) -> str:
    """`>= 1; ` and the like."""
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    told = [f"{sign} {getattr(m, name)}" for m in metadata for name, sign in signs.items() if hasattr(m, name)]
    return f"{', '.join(told)}. " if told else ""


def reference() -> str:
    """The whole page."""
    head = (
        "# Configuration\n\n"
        "Every key; `-o section.key=value` replaces a value. `docs/make_reference.py` writes this page.\n\n"
    )
    table = "| key | type | default | |\n|---|---|---|---|\n"
    backbones = (
        "\n## Settings of each backbone\n\n"
        "Beside `backbone.name`. [backbones.md](backbones.md) says what each computes, whose the defaults are, and\n"
        "how to give one of your own.\n\n"
        "| backbone | key | type | default | |\n|---|---|---|---|---|\n"
    )
    losses = (
        "\n## Settings of each next-item loss\n\n"
        "Beside `objectives.next_item.loss`. [objectives.md](objectives.md) says what each computes.\n\n"
        "| loss | key | type | default | |\n|---|---|---|---|---|\n"
    )
    baselines = (
        "\n## Settings of each baseline\n\n"
        "In `evaluation.baselines`, as `{name: item-knn, neighbors: 50}`; see [baselines.md](baselines.md).\n\n"
        "| baseline | key | type | default | |\n|---|---|---|---|---|\n"
    )
    parts = (
        (head + table, rows(RunConfig)),
        (losses, next_item_settings()),
        (backbones, settings()),
        (baselines, baseline_settings()),
    )
    return "".join(begin + "\n".join(lines) + "\n" for begin, lines in parts)


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
