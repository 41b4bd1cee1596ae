"""Writes docs/commands.md from the program's own help: `python docs/make_commands.py`."""

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_type_hints

import typer

from sracl.cli import app

TARGET = Path(__file__).parent / "commands.md"
HEAD = """# Command line

Every command with its arguments and options, as `sracl COMMAND --help` says it. `docs/make_commands.py` writes this
page.

Every command also takes `--debug` (a traceback where something fails) and `--help`. Exit codes: 0 done, 1 failed, 2
wrong usage or bad input, 130 interrupted. [configuration.md](configuration.md) has what a configuration may hold.
"""


def commands(group: Any, before: str) -> Iterator[tuple[str, Any]]:
    """Each command's full name and the command, in the order of the help."""
    for name, command in group.commands.items():
        full = f"{before} {name}"
        if hasattr(command, "commands"):
            yield from commands(command, full)
        else:
            yield full, command


def section(name: str, command: Any) -> str:
    """A command: what it does, its usage, a row for each argument and option."""
    parameters = [parameter for parameter in command.params if parameter.name != "help"]
    usage = " ".join([name, *(written(one) for one in parameters if is_argument(one)), "[OPTIONS]"])
    kinds = get_type_hints(command.callback)
    table = "\n".join(["| | | default |", "|---|---|---|", *(row(one, kinds.get(one.name)) for one in parameters)])
    return f"\n## `{name}`\n\n{cell(command.help)}\n\n    {usage}\n" + (f"\n{table}\n" if parameters else "")


def row(parameter: Any, kind: Any) -> str:
    """A row of the table: how it is written, what it means, its default. kind: the type of its value."""
    told = cell(parameter.help or "")
    if isinstance(kind, type) and issubclass(kind, Enum):
        told += f" One of {', '.join(f'`{member.value}`' for member in kind)}."
    if parameter.required and not is_argument(parameter):
        told += " (needed)"
    default = parameter.default.value if isinstance(parameter.default, Enum) else parameter.default
    shown = f"`{default}`" if isinstance(default, int | float | str) and not isinstance(default, bool) else ""
    return f"| `{cell(written(parameter))}` | {told} | {shown} |"


def written(parameter: Any) -> str:
    """As a person writes it: `CONFIG.yaml`, `--seeds 0 1 2`, `--explain / --no-explain`."""
    if is_argument(parameter):
        return str(parameter.metavar or parameter.name.upper())
    spelled = " / ".join([*parameter.opts, *parameter.secondary_opts])
    return spelled if parameter.is_flag else f"{spelled} {parameter.metavar or parameter.name.upper()}"


def is_argument(parameter: Any) -> bool:
    """Whether it is given without a name."""
    return str(parameter.param_type_name) == "argument"


def cell(text: str) -> str:
    """Text in one line that does not end a table's column."""
    return " ".join(text.split()).replace("|", "\\|")


def reference() -> str:
    """The whole page."""
    return HEAD + "".join(section(name, command) for name, command in commands(typer.main.get_command(app), "sracl"))


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
