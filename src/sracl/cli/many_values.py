"""Options that take several values after one name: `--seeds 0 1 2`."""

from typing import Any

from typer.core import TyperCommand


class ManyValues(TyperCommand):
    """A command whose repeatable options may be given once with several values, up to the next option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Write every further value with the option's name before it, as the parser wants it."""
        repeatable = {
            name for parameter in self.params if getattr(parameter, "multiple", False) for name in parameter.opts
        }
        spread: list[str] = []
        option: str | None = None
        for position, argument in enumerate(args):
            if argument.startswith("-"):
                option = argument if argument in repeatable and argument != "-o" else None
            elif option is not None and args[position - 1] != option:
                spread.append(option)
            spread.append(argument)
        return list(super().parse_args(ctx, spread))
