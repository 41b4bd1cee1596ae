"""What a person sees while a run goes on, and at its end."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from sracl.pipeline.watchers import Bar
from sracl.printable import without_control
from sracl.semantics.language_models.asking import Tally

BETWEEN_MOVES, BETWEEN_LINES = 0.1, 60.0
"""Seconds between two moves of a line on a terminal, and between two lines where there is none."""


class Display:
    """Prints to a console; progress bars move where it is a terminal and vanish when they are done."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console()

    def say(self, text: str) -> None:
        """Print a line."""
        self.console.print(_plain(text), highlight=False, soft_wrap=True)

    def stage(self, name: str) -> None:
        """Announce a stage."""
        self.console.print(f"[bold]{name}[/bold]")

    def stage_ends(self, seconds: float, peak_mib: int | None) -> None:
        """Tell what a stage took."""
        memory = "" if peak_mib is None else f", at most {peak_mib:,} MiB of memory"
        self.say(f"  {_duration(seconds) if seconds >= 60 else f'{seconds:.1f} s'}{memory}")

    @contextmanager
    def counting(self, what: str, total: int) -> Iterator[Callable[[int], None]]:
        """A bar that the given function moves on by so many."""
        with self._progress() as progress:
            task = progress.add_task(what, total=total)
            yield lambda count: progress.advance(task, count)

    @contextmanager
    def training(self, targets: int) -> Iterator[Bar]:
        """A watcher that shows a training's epochs, of so many targets each."""
        with self._progress() as progress:
            yield Bar(progress, progress.add_task("training", total=targets), targets)

    @contextmanager
    def asking(self) -> Iterator[Callable[[str, Tally], None]]:
        """A line that tells how asking a language model goes, and a summary of what was asked.

        Where there is no terminal, such as in a batch job, a line is printed every minute.
        """
        tallies: dict[str, Tally] = {}
        terminal = self.console.is_terminal
        pause = BETWEEN_MOVES if terminal else BETWEEN_LINES
        shown = time.monotonic() if not terminal else 0.0
        with Progress(
            TextColumn("  {task.description}"), console=self.console, transient=True, disable=not terminal
        ) as bar:
            task = bar.add_task("", total=None)

            def tell(what: str, tally: Tally) -> None:
                nonlocal shown
                tallies[what] = tally
                if time.monotonic() - shown < pause:
                    return
                shown = time.monotonic()
                line = f"{what}: {tally_line(tally)}{_left(tally)}"
                if terminal:
                    bar.update(task, description=line)
                else:
                    self.say(f"  {line}")

            try:
                yield tell
            finally:
                for what, tally in tallies.items():
                    self.say(f"  {what}: {tally_line(tally)}, in {_duration(tally.seconds)}")

    def _progress(self) -> Progress:
        return Progress(
            TextColumn("  {task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )

    def counts(self, title: str, rows: Sequence[tuple[str, Any]]) -> None:
        """A table of labels and counts."""
        table = Table(title=title, title_justify="left", show_header=False)
        table.add_column()
        table.add_column(justify="right")
        for label, count in rows:
            table.add_row(label, f"{count:,}" if isinstance(count, int) else str(count))
        self.console.print(table)

    def metrics(self, title: str, rows: dict[str, dict[str, float]], names: Sequence[str]) -> None:
        """A table of methods (rows) and metrics (columns)."""
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=0)
        table.add_column("method", no_wrap=True)
        for name in names:
            table.add_column(name, justify="right", no_wrap=True)
        for method, values in rows.items():
            table.add_row(_plain(method), *(f"{values[name]:.4f}" for name in names))
        print_whole(self.console, table)

    def neighbors(self, title: str, text: str, rows: Sequence[tuple[str, str, str]]) -> None:
        """A text beside its neighbours' (similarity, id, text), the nearest first."""
        table = Table(title=_plain(title), title_justify="left", show_lines=True)
        table.add_column("similarity", justify="right", no_wrap=True)
        table.add_column("id", overflow="fold")
        table.add_column("text", overflow="fold")
        table.add_row("", "itself", _plain(text))
        for row in rows:
            table.add_row(*map(_plain, row))
        self.console.print(table)

    def findings(self, title: str, rows: Sequence[tuple[str, str, str]]) -> None:
        """What an audit found: way, verdict, sentence."""
        table = Table(title=_plain(title), title_justify="left", show_lines=True)
        table.add_column("what was looked at", overflow="fold")
        table.add_column("verdict", no_wrap=True)
        table.add_column("what was found", overflow="fold")
        for way, verdict, told in rows:
            table.add_row(_plain(way), verdict, _plain(told))
        self.console.print(table)

    def recommendations(self, user: Any, history: Sequence[str], recommended: pl.DataFrame) -> None:
        """One user's recent history and what is recommended: columns `rank, label, score`."""
        table = Table(title=f"user {_plain(str(user))}", title_justify="left", show_lines=False)
        table.add_column("history, most recent last", overflow="fold")
        table.add_column("recommended", overflow="fold")
        left = "\n".join(_plain(label) for label in history)
        right = "\n".join(f"{rank:2d}. {_plain(label)}" for rank, label, _ in recommended.iter_rows())
        table.add_row(left, right)
        self.console.print(table)


def print_whole(console: Console, table: Table) -> None:
    """Print a table as wide as it is: where that is wider than the screen, lines break, but no number is cut."""
    natural = Measurement.get(console, console.options.update(max_width=1000), table).maximum
    wide = Console(file=console.file, width=max(console.width, natural), force_terminal=console.is_terminal)
    wide.print(table)


def _left(tally: Tally) -> str:
    """How much is left of what, and how long it will take, where that is known."""
    if tally.total is None:
        return ""
    left = "" if tally.left is None else f", {_duration(tally.left)} left"
    return f"; {tally.done:,} of {tally.total:,}{left}"


def _duration(seconds: float) -> str:
    """Hours, minutes and seconds."""
    return str(timedelta(seconds=round(seconds)))


def _plain(text: str) -> str:
    """Text of data, of a language model or of a server, which must neither style nor steer what is shown."""
    return escape(without_control(text))


def tally_line(tally: Tally) -> str:
    """How asking a language model goes, in a line."""
    parts = [
        f"{tally.answered:,} answered",
        f"{tally.from_store:,} from the store",
        f"{tally.failed:,} failed",
        f"{tally.asked:,} requests",
        f"{tally.prompt_tokens:,} + {tally.completion_tokens:,} tokens",
        f"{tally.rate * 60:,.0f} a minute",
    ]
    if tally.cost:
        parts.insert(-1, f"{tally.cost:,.4f} US dollars")
    return ", ".join(parts)
