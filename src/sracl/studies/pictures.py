"""A study's results as a picture, SVG and PNG, in colours that colour-blind people tell apart."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sracl.errors import SraclError
from sracl.files import written_aside
from sracl.studies.results import WAYS, Results
from sracl.studies.sensitivity import CONFIGURED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#777777"
"""Of the palette by Okabe and Ito."""
STYLE: Any = {
    "font.size": 9, "axes.titlesize": 10, "axes.spines.top": False, "axes.spines.right": False, "svg.fonttype": "none",
    "svg.hashsalt": "sracl",
}  # fmt: skip
"""Text stays text in SVG, and the same results give the same file."""
SEED: Any = {"alpha": 0.45, "markersize": 4, "markeredgewidth": 0}
"""How a single seed's point looks."""


def draw(results: Results, folder: Path) -> list[Path]:
    """Write `picture.svg` and `picture.png`; returns their paths. Raises SraclError where matplotlib is missing."""
    check_installed()
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    kinds = {"sensitivity": _draw_grids, "sparsity": _draw_groups}
    with mpl.rc_context(STYLE):
        figure = Figure(layout="constrained")
        FigureCanvasAgg(figure)
        kinds.get(results.study.name, _draw_variants)(results, figure)
        paths = [folder / f"picture.{kind}" for kind in ("svg", "png")]
        for path in paths:
            metadata: dict[str, Any] = {"Date": None} if path.suffix == ".svg" else {}
            with written_aside(path) as aside:
                figure.savefig(aside, format=path.suffix[1:], dpi=150, metadata=metadata)
    return paths


def check_installed() -> None:
    """Raise SraclError where matplotlib is missing, before hours of runs rather than after."""
    if find_spec("matplotlib") is None:
        raise SraclError("a study's pictures need the package matplotlib: pip install 'sracl[study]'")


def _draw_variants(results: Results, figure: "Figure") -> None:
    """A line a variant: every seed a point, their mean a bar with its standard deviation; both ways side by side."""
    labels = [v.label for v in results.study.variants if (results.runs["variant"] == v.label).any()]
    figure.set_size_inches(9, 1.3 + 0.32 * len(labels))
    panels: Sequence[Axes] = figure.subplots(1, len(WAYS), sharey=True)
    for (way, told), axes in zip(WAYS.items(), panels, strict=True):
        for place, label in enumerate(labels):
            values = _values(results, label, way)
            colour = ORANGE if any(label == judged for judged, _ in results.study.compared) else BLUE
            axes.plot(values, [place] * len(values), "o", color=colour, alpha=0.45, markersize=4, markeredgewidth=0)
            _mark(axes, values, place, colour)
        axes.set_title(told, loc="left")
        axes.set_xlabel(f"test {results.metric}")
        axes.grid(axis="x", color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.5, -0.5)


def _mark(axes: "Axes", values: NDArray[np.float64], place: int, colour: str) -> None:
    """The mean as a tick, and a line one standard deviation to both sides."""
    mean = values.mean()
    axes.plot([mean], [place], "|", color=colour, markersize=11, markeredgewidth=2)
    if len(values) > 1:
        deviation = values.std(ddof=1)
        axes.plot([mean - deviation, mean + deviation], [place, place], "-", color=colour, linewidth=1.4)


def _draw_grids(results: Results, figure: "Figure") -> None:
    """A panel a setting: the metric over its values, seen items kept, and where the configured ones are."""
    grids: dict[str, list[tuple[float, str]]] = {}
    for variant in results.study.variants:
        for key, value in variant.changes.items():
            if (results.runs["variant"] == variant.label).any():
                grids.setdefault(key, []).append((value, variant.label))
    columns = min(3, max(1, len(grids)))
    rows = -(-max(1, len(grids)) // columns)
    figure.set_size_inches(3.2 * columns, 2.4 * rows + 0.4)
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True)
    configured = _values(results, CONFIGURED, "kept")
    for axes, (key, points) in zip(panels.flat, grids.items(), strict=False):
        places = range(len(points))
        for place, (_, label) in zip(places, points, strict=True):
            values = _values(results, label, "kept")
            axes.plot([place] * len(values), values, "o", color=BLUE, alpha=0.45, markersize=4, markeredgewidth=0)
        means = [_values(results, label, "kept").mean() for _, label in points]
        axes.plot(places, means, "-o", color=BLUE, markersize=5, label="mean over seeds")
        if len(configured):
            axes.axhline(configured.mean(), color=GREY, linewidth=1, linestyle="--", label=CONFIGURED)
        axes.set_xticks(places, [f"{value:g}" for value, _ in points])
        axes.set_title(key.removeprefix("objectives.").removeprefix("semantics."), loc="left", fontsize=9)
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    for axes in panels.flat[len(grids) :]:
        axes.set_axis_off()
    for axes in panels[:, 0]:
        axes.set_ylabel(f"test {results.metric},\n{WAYS['kept']}")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=2, frameon=False)


def _draw_groups(results: Results, figure: "Figure") -> None:
    """A panel a grouping: a pair of bars a group, seen items kept, and what the second adds with its interval."""
    chosen = results.comparisons.filter((pl.col("way") == "kept") & pl.col("group").is_not_null())
    groupings = chosen["grouping"].unique(maintain_order=True).to_list()
    figure.set_size_inches(4.5 * max(1, len(groupings)), 3.6)
    names = {
        "history": "training interactions of the user",
        "popularity": "training interactions of the target item",
        "transition": "times in training right after the item before",
    }
    panels = figure.subplots(1, max(1, len(groupings)), squeeze=False, sharey=True)[0]
    for axes, grouping in zip(panels, groupings, strict=True):
        rows = chosen.filter(pl.col("grouping") == grouping)
        (pair,) = results.study.compared
        places = range(rows.height)
        axes.bar([place - 0.2 for place in places], rows["reference"], 0.38, color=BLUE, label=pair[1])
        axes.bar([place + 0.2 for place in places], rows["mean"], 0.38, color=ORANGE, label=pair[0])
        for place, row in enumerate(rows.iter_rows(named=True)):
            # The interval is the effect's: it stands on the reference's bar.
            low, high = row["reference"] + row["low"], row["reference"] + row["high"]
            label = "95% interval of the difference" if place == 0 else None
            axes.plot([place + 0.2] * 2, [low, high], "-", color="black", linewidth=1, label=label)
        axes.set_xticks(places, [f"{row['group']}\n{row['users']:,} users" for row in rows.iter_rows(named=True)])
        axes.tick_params(axis="x", labelsize=7)
        axes.set_xlabel(names[grouping])
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
    panels[0].set_ylabel(f"test {results.metric}, {WAYS['kept']}")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=3, frameon=False)


def _values(results: Results, label: str, way: str) -> NDArray[np.float64]:
    """The metric of every seed."""
    name = f"test/{way}/{results.metric}"
    if name not in results.runs.columns:
        raise SraclError(
            f"no record has {results.metric} to draw; add its cutoff to evaluation.cutoffs before the runs are made"
        )
    return results.runs.filter(pl.col("variant") == label)[name].to_numpy()
