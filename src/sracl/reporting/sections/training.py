"""How training went: a curve for each part of the loss, and validation."""

from typing import Any

from sracl.errors import SraclError
from sracl.reporting.charts.lines import Curve, lines
from sracl.reporting.charts.svg import Chart
from sracl.reporting.material import HEADLINE, HEADLINE_CUTOFF, Material
from sracl.reporting.section import MissingPartError, Section
from sracl.reporting.tables import count, duration, plural
from sracl.training.checkpoint import Progress, load_progress
from sracl.training.loop import LAST

MEASURES = (f"MRR@{HEADLINE_CUTOFF}", f"{HEADLINE}@{HEADLINE_CUTOFF}", f"HR@{HEADLINE_CUTOFF}")
"""Of validation; the first decides which epoch is best."""


def training(material: Material) -> Section:
    """Curves of the model's training, and validation beside the plain backbone's where that was trained."""
    progress = progress_of(material, "model")
    if progress is None or not progress.history:
        raise MissingPartError(
            "The record of the training (checkpoints/model) is not in the run's folder, so there are no curves."
        )
    plain = progress_of(material, "backbone")
    charts = [*_validation(progress, plain, material.config.backbone.name), *_losses(progress)]
    return Section("training", "Training", {"facts": _facts(progress), "charts": charts, "told": _told(progress)})


def progress_of(material: Material, name: str) -> Progress | None:
    """How a training of the run went; None where its record is not there or damaged."""
    path = material.run.folder / "checkpoints" / name / LAST
    try:
        return load_progress(path) if path.exists() else None
    except SraclError:
        return None


def _facts(progress: Progress) -> list[tuple[str, str]]:
    records = progress.history
    speed = sum(record["targets_per_second"] for record in records) / len(records)
    seconds = sum(record["seconds"] for record in records)
    return [
        ("epochs", count(progress.epoch)),
        ("best epoch", count(progress.best_epoch)),
        ("time of training", duration(seconds)),
        ("time of an epoch", duration(seconds / len(records))),
        ("targets a second", count(speed)),
    ]


def _told(progress: Progress) -> str:
    after = progress.epoch - progress.best_epoch
    if not progress.finished:
        return f"Training has not ended: it stands at epoch {progress.epoch}. `sracl train` goes on with it."
    if after:
        later = plural(after, "later epoch")
        return f"The weights of epoch {progress.best_epoch} are kept: {later} brought nothing better."
    return (
        "The last epoch was the best one: training may have been cut short, and more epochs (training.epochs) may help."
    )


def _validation(progress: Progress, plain: Progress | None, backbone: str) -> list[Chart]:
    charts = []
    for measure in MEASURES:
        points = _points(progress.history, measure)
        if not points:
            continue
        curves = [Curve("this model", points)]
        if plain is not None and (beside := _points(plain.history, measure)):
            curves.append(Curve(f"plain {backbone}", beside, "two"))
        best = max(value for _, value in points)
        told = f"On validation, {measure} rose from {points[0][1]:.4f} in the first epoch to at most {best:.4f}."
        mark = (float(progress.best_epoch), f"best: epoch {progress.best_epoch}") if progress.best_epoch else None
        name = f"validation-{measure.split('@')[0].lower()}"
        charts.append(lines(name, f"Validation: {measure}", told, curves, "epoch", mark=mark))
    return charts


def _points(history: list[dict[str, Any]], measure: str) -> list[tuple[float, float]]:
    return [(float(one["epoch"]), one["validation"][measure]) for one in history if measure in one["validation"]]


def _losses(progress: Progress) -> list[Chart]:
    charts = []
    for part in progress.history[0]["losses"]:
        points = [(float(one["epoch"]), one["losses"][part]) for one in progress.history if part in one["losses"]]
        title = part.replace("_", " ")
        told = f"The {title} loss fell from {points[0][1]:.3f} to {points[-1][1]:.3f}."
        if points[-1][1] > points[0][1]:
            told = f"The {title} loss rose from {points[0][1]:.3f} to {points[-1][1]:.3f}."
        charts.append(
            lines(f"loss-{part}", f"Loss: {title}", told, [Curve(title, points)], "epoch", from_zero=False, digits=3)
        )
    return charts
