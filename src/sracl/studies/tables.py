"""A study's results as tables: on the screen and in LaTeX."""

from collections.abc import Sequence

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sracl.pipeline.display import print_whole
from sracl.studies.results import WAYS, Results

SHOWN = ("HR@10", "NDCG@10", "HR@20", "NDCG@20")
SIGNIFICANT = 0.05


def show(results: Results, console: Console) -> None:
    """Print means and deviations over seeds, then the comparisons, both ways."""
    for way, told in WAYS.items():
        print_whole(console, _table(f"{results.study.name}, test, {told}", *means(results, way)))
        header, rows = compared(results, way)
        if rows:
            print_whole(console, _table(f"{results.metric}, {told}", header, rows))
    console.print(
        "±: standard deviation over seeds. Interval: 95%, bootstrap over users. p: paired t-test over users (means "
        "over seeds), and over seeds, corrected by Holm.",
        highlight=False,
    )


def means(results: Results, way: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the variants' test metrics."""
    names = [name for name in dict.fromkeys((*SHOWN, results.metric)) if f"test/{way}/{name}" in results.runs.columns]
    rows = []
    for variant in results.study.variants:
        runs = results.runs.filter(pl.col("variant") == variant.label)
        if not runs.is_empty():
            cells = [mean_and_deviation(runs[f"test/{way}/{name}"]) for name in names]
            rows.append([variant.label, str(runs.height), *cells])
    return ["variant", "seeds", *names], rows


def compared(results: Results, way: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the comparisons: effect, what it is of the other's metric, interval, corrected p."""
    chosen = results.comparisons.filter(pl.col("way") == way)
    grouped = chosen["group"].is_not_null().any()
    rows = []
    for row in chosen.iter_rows(named=True):
        name = f"{row['variant']} against {row['other']}"
        if grouped:
            name = "all" if row["group"] is None else f"{row['grouping']} {row['group']}"
        interval = "" if row["low"] is None else f"{_signed(row['low'])} to {_signed(row['high'])}"
        share = "" if row["relative"] is None else f"{row['relative']:+.1%}"
        counts = [f"{row['users'] or 0:,}", _number(row["mean"]), _number(row["reference"])] if grouped else []
        rows.append(
            [name, *counts, _signed(row["effect"]), share, interval, _p(row["p_users_holm"]), _p(row["p_seeds_holm"])]
        )
    pair = results.study.compared[0] if results.study.compared else ("", "")
    first = ["group", "users", *pair] if grouped else ["pair"]
    return [*first, "effect", "relative", "interval", "p users", "p seeds"], rows


def latex(results: Results) -> str:
    """Both kinds of tables for booktabs; the best mean of each metric is bold, a significant effect has a star."""
    parts = []
    for way, told in WAYS.items():
        header, rows = means(results, way)
        parts.append(
            _latex_table(f"{results.study.name}, test, {told}", header, _bold_best(results, way, header, rows))
        )
        header, rows = compared(results, way)
        if rows:
            parts.append(_latex_table(f"{results.metric}, {told}", header, rows))
    return "\n".join(parts)


def mean_and_deviation(values: pl.Series) -> str:
    """`.0469±.0003` over seeds, the sample's standard deviation; without it for one seed."""
    mean, deviation = values.mean(), values.std()
    assert isinstance(mean, float)
    return _number(mean) if not isinstance(deviation, float) else f"{_number(mean)}±{_number(deviation)}"


def _number(value: float) -> str:
    return f"{value:.4f}".replace("0.", ".", 1)


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("0.", ".", 1)


def _p(value: float | None) -> str:
    if value is None:
        return ""
    star = "*" if value < SIGNIFICANT else ""
    return ("<.001" if value < 0.001 else f"{value:.3f}".replace("0.", ".", 1)) + star


def _table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=escape(title), title_justify="left", box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for place, name in enumerate(header):
        table.add_column(escape(name), justify="right" if place else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _bold_best(results: Results, way: str, header: Sequence[str], rows: Sequence[list[str]]) -> list[list[str]]:
    """The rows with the highest mean of every metric in bold."""
    marked = [list(row) for row in rows]
    labels = [row[0] for row in rows]
    for column, name in enumerate(header[2:], start=2):
        best = results.runs.group_by("variant").agg(pl.col(f"test/{way}/{name}").mean()).sort(pl.last())["variant"][-1]
        marked[labels.index(best)][column] = rf"\textbf{{{marked[labels.index(best)][column]}}}"
    return marked


def _latex_table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [
        r"\begin{table}",
        rf"\caption{{{_latex(caption)}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(header) - 1)}}}",
        r"\toprule",
        " & ".join(map(_latex, header)) + r" \\",
        r"\midrule",
        *(" & ".join(map(_latex, row)) + r" \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _latex(text: str) -> str:
    if text.startswith(r"\textbf{"):
        return text.replace("±", r"$\pm$")
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    special |= {"±": r"$\pm$", "<": "$<$", ">": "$>$"} | {sign: f"\\{sign}" for sign in "&%$#_{}"}
    return "".join(special.get(sign, sign) for sign in text)
