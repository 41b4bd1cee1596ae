"""Runs the program: errors become one or two lines and an exit code."""

import sys

from rich.console import Console

from sracl.cli.application import app
from sracl.errors import SraclError
from sracl.printable import without_control

INTERRUPTED = 130
"""Exit code: 128 and the number of the signal."""


def main() -> None:
    """Run the program: exit code 0 done, 1 failed, 2 wrong usage or bad input, 130 interrupted by the keyboard.

    A traceback is shown only with --debug.
    """
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    try:
        app(args=arguments)
    except SraclError as error:
        if debug:
            raise
        Console(stderr=True).print(without_control(f"sracl: {error}"), markup=False, highlight=False, soft_wrap=True)
        raise SystemExit(error.exit_code) from None
    except SystemExit as ended:
        # Typer makes this of KeyboardInterrupt.
        if ended.code == INTERRUPTED:
            Console(stderr=True).print("sracl: interrupted; the same command goes on from here", markup=False)
        raise
    except Exception as error:
        if debug:
            raise
        told = without_control(f"sracl: {type(error).__name__}: {error}").splitlines()[0]
        Console(stderr=True).print(
            f"{told}\nThis is a defect; add --debug for a traceback.", markup=False, soft_wrap=True
        )
        raise SystemExit(1) from None
