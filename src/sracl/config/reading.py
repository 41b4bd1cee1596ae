"""Reads a configuration from YAML and overrides, and explains what is wrong with one."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from sracl.config.run import RunConfig
from sracl.errors import InputError

KIND = re.compile(r"(constrained-)?(float|int|str|bool|none)|literal\[.*\]")
"""How pydantic calls one of several kinds that a value may be of, behind the value's place."""


def read_config(path: Path, overrides: Sequence[str] = ()) -> RunConfig:
    """Read a YAML file and apply `section.key=value` overrides, whose values are YAML too.

    Raises InputError for a missing or unreadable file, an unknown key (with the nearest right one) or a bad value.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"there is no configuration {path}; see the README for one to start from") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise InputError(f"{path} must hold keys such as `run_dir` and `dataset`, but holds {type(values).__name__}")
    for override in overrides:
        _apply(values, override)
    return make_config(values, source=str(path))


def make_config(values: Mapping[str, Any], source: str = "the configuration") -> RunConfig:
    """Check nested values and fill the defaults in. Raises InputError, naming `source`."""
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        problems = [_explained(problem) for problem in _a_value_each(error.errors())]
        more = f" (and {len(problems) - 2} more)" if len(problems) > 2 else ""
        raise InputError(f"{source}: " + "; ".join(problems[:2]) + more) from error


def changed(config: RunConfig, changes: Mapping[str, Any], source: str = "the configuration") -> RunConfig:
    """The configuration with some values replaced; keys are dotted, and a whole section may be given as a mapping.

    Raises InputError, naming `source`, for what does not fit.
    """
    values = config.model_dump(mode="json")
    for key, value in changes.items():
        _put(values, key, value, source)
    return make_config(values, source)


def _apply(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key.strip():
        raise InputError(f"-o {override}: write section.key=value")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"-o {override}: the value is not YAML") from error
    _put(values, key.strip(), value, f"-o {override}")


def _put(values: dict[str, Any], key: str, value: Any, source: str) -> None:
    *sections, last = key.split(".")
    here: Any = values
    for section in sections:
        if here.get(section) is None:
            here[section] = {}
        here = here[section]
        if not isinstance(here, dict):
            raise InputError(f"{source}: {section} is no section")
    here[last] = value


def _a_value_each(problems: Iterable[Any]) -> list[dict[str, Any]]:
    """The problems, those of one value in one: where it may be of several kinds, each kind has its own complaint."""
    found: dict[tuple[int | str, ...], dict[str, Any]] = {}
    for problem in problems:
        place = problem["loc"]
        if place and KIND.fullmatch(str(place[-1])):
            place = place[:-1]
        if place in found and found[place]["input"] == problem["input"]:
            found[place]["msg"] += f", or {problem['msg'][0].lower()}{problem['msg'][1:]}"
        else:
            found[place] = dict(problem) | {"loc": place}
    return list(found.values())


def _explained(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        siblings = list(_keys_of(problem["loc"][:-1]))
        near = difflib.get_close_matches(str(problem["loc"][-1]), siblings, n=1, cutoff=0.5)
        hint = f"did you mean `{near[0]}`?" if near else f"known keys: {', '.join(siblings)}"
        return f"unknown key `{place}`; {hint}"
    message: str = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "whole_message":
        return message
    given = problem["input"]
    shown = f" (given: {given!r})" if isinstance(given, str | int | float | bool | None) else ""
    return f"`{place}`: {message}{shown}" if place else message


def _keys_of(path: Sequence[int | str]) -> Iterator[str]:
    section: type[BaseModel] = RunConfig
    for name in path:
        annotation = section.model_fields[str(name)].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return
        section = annotation
    yield from section.model_fields
