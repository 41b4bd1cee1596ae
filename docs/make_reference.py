"""Writes docs/configuration.md from the configuration's own fields: `python docs/make_reference.py`."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from sracl.config import RunConfig

TARGET = Path(__file__).parent / "configuration.md"


def rows(section: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """A table row for every key, depth first."""
    for name, field in section.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from rows(annotation, f"{prefix}{name}.")
            continue
        default = "" if field.default is PydanticUndefined else f"`{shown(field.default)}`"
        kind = str(annotation).replace("typing.", "").replace("<class '", "").replace("'>", "").replace("|", "or")
        yield f"| `{prefix}{name}` | {tidy(kind)} | {default} | {bounds(field.metadata)}{field.description or ''} |"


def shown(value: object) -> str:
    """A default as YAML writes it."""
    if value is None:
        return "null"
    if isinstance(value, tuple):
        return "[" + ", ".join(str(part) for part in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def tidy(kind: str) -> str:
    """A type without the names of modules."""
    for noise in ("pathlib.", "annotated_types.", "Literal", "Annotated"):
        kind = kind.replace(noise, "")
    return kind.replace("NoneType", "null").replace("None", "null")


def bounds(metadata: list[object]) -> str:
    """`>= 1; ` and the like."""
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    told = [f"{sign} {getattr(m, name)}" for m in metadata for name, sign in signs.items() if hasattr(m, name)]
    return f"{', '.join(told)}. " if told else ""


def reference() -> str:
    """The whole page."""
    head = "# Configuration\n\nEvery key, written by `docs/make_reference.py`. `-o section.key=value` replaces a value.\n\n"
    table = "| key | type | default | |\n|---|---|---|---|\n"
    return head + table + "\n".join(rows(RunConfig)) + "\n"


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
