"""At a glance: how well the model does, beside what, and what was trained on what."""

import json

from sracl.pipeline.naming import model_name
from sracl.reporting.intervals import estimates
from sracl.reporting.material import HEADLINE, HEADLINE_CUTOFF, Material, Method
from sracl.reporting.section import Section
from sracl.reporting.tables import count, metric, percent, plural
from sracl.semantics.index import read_manifest

WRITERS = {"writer": "texts by", "encoder": "embedded by"}
"""What the manifest of the semantic stages says, and how it is told."""
ROUNDING = 5e-5
"""How far a metric may differ between machines."""


def summary(material: Material) -> Section:
    """A sentence, the headline figures, and the run's facts."""
    model, rival = material.methods[0], material.rival
    hits = float(model.values("HR", HEADLINE_CUTOFF).mean())
    figures = [
        (f"{HEADLINE}@{HEADLINE_CUTOFF}", metric(float(model.values(HEADLINE, HEADLINE_CUTOFF).mean())), "on test"),
        (f"HR@{HEADLINE_CUTOFF}", metric(hits), "on test"),
        ("test targets", count(len(material.split.test)), "each ranked among all items"),
        ("items", count(material.dataset.item_count), f"{count(material.dataset.user_count)} users"),
    ]
    beside = None
    if rival is not None:
        other = float(rival.values("HR", HEADLINE_CUTOFF).mean())
        beside = (
            f"{rival.label}, the best of {plural(len(material.baselines), 'baseline')}, does so for {percent(other)}"
        )
    return Section(
        "summary",
        "At a glance",
        {
            "model": model.label,
            "share": percent(hits),
            "cutoff": HEADLINE_CUTOFF,
            "beside": beside,
            "difference": _difference(material, model, rival) if rival is not None else None,
            "figures": figures,
            "facts": _facts(material),
            "notes": _notes(material),
        },
    )


def _difference(material: Material, model: Method, rival: Method) -> str:
    """How far the model is from the best baseline, and how sure that is."""
    values = [method.values(HEADLINE, HEADLINE_CUTOFF) for method in (model, rival)]
    found = estimates(material.split.test.users, values, seed=material.config.seed)
    effect, low, high = found.difference(0, 1)
    sure = "" if low > 0 or high < 0 else "; that may be chance"
    which = "higher" if effect >= 0 else "lower"
    name = f"{HEADLINE}@{HEADLINE_CUTOFF}"
    return f"Its {name} is {which} by {abs(effect):.4f} (95% interval {low:+.4f} to {high:+.4f}){sure}."


def _facts(material: Material) -> list[tuple[str, str]]:
    config, run = material.config, material.run
    objectives = run.objectives.switched_on
    losses = ", ".join(f"{name.replace('_', ' ')} {section.weight:g}" for name, section in objectives.items())
    facts = [
        ("model", model_name(run)),
        ("backbone", f"{config.backbone.name}, dimension {material.model.backbone.item_table.shape[1]}"),
        ("losses beside the next item", losses or "none"),
        ("protocol", config.protocol),
        ("split", run.split.name),
        ("most recent items that are read", count(config.dataset.max_length)),
        ("seed", str(config.seed)),
    ]
    manifest = read_manifest(run.folder / "semantics") if run.trained.trains_on_texts else {}
    facts += [(told, str(manifest[key])) for key, told in WRITERS.items() if key in manifest]
    return facts


def _notes(material: Material) -> list[str]:
    """What a reader must know before the figures: parts that the run does not have."""
    notes = []
    if (evaluated := _not_evaluated(material)) is not None:
        notes.append(evaluated)
    if not material.baselines:
        notes.append("There is no baseline beside the model: name some in evaluation.baselines.")
    notes += [f"{label} is not here: {why}." for label, why in material.left_out.items()]
    if not material.dataset.text_columns:
        notes.append("The items have no text, so nothing semantic was trained or is shown.")
    if len(material.split.test) < material.all_targets:
        notes.append(f"Figures are of {count(len(material.split.test))} of {count(material.all_targets)} test targets.")
    return notes


def _not_evaluated(material: Material) -> str | None:
    """What is wrong with the run's own record of its metrics, if anything."""
    path, name = material.run.folder / "metrics.json", f"{HEADLINE}@{HEADLINE_CUTOFF}"
    here = "the figures here are measured for this report alone. `sracl evaluate` records them."
    if not path.exists():
        return f"The run has not been evaluated (there is no metrics.json): {here}"
    try:
        recorded = float(json.loads(path.read_text(encoding="utf-8"))["test"][name])
    except (OSError, ValueError, KeyError, TypeError):
        return f"The run's metrics.json is damaged: {here}"
    measured = float(material.methods[0].values(HEADLINE, HEADLINE_CUTOFF).mean())
    same = len(material.split.test) == len(material.run.measured_split.test)
    if same and abs(recorded - measured) > ROUNDING:
        return f"metrics.json has a test {name} of {metric(recorded)}, so it is of another model than this one: {here}"
    return None
