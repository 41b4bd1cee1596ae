"""The methods that can be compared on one backbone: the plain one, SRA-CL as configured, and rivals alone."""

from sracl.config import RunConfig
from sracl.objectives import OBJECTIVES
from sracl.objectives.cross_sequence import CrossSequence
from sracl.studies.definition import Variant, plain

PLAIN, OURS = "plain", "sracl"


def methods(config: RunConfig) -> dict[str, Variant]:
    """Every method's variant, by the name that is typed: `plain`, `cl4srec` ..., `sracl`.

    A rival's losses have their papers' weights and otherwise the configuration's settings.
    """
    rivals = sorted({objective.title for objective in OBJECTIVES.values()} - {CrossSequence.title})
    found = {PLAIN: Variant(config.backbone.name, plain(config))}
    found |= {_typed(title): Variant(title, {**plain(config), **_usual(title)}) for title in rivals}
    return found | {OURS: Variant(CrossSequence.title)}


def _typed(title: str) -> str:
    return "".join(sign for sign in title.lower() if sign.isalnum())


def _usual(title: str) -> dict[str, float]:
    return {
        f"objectives.{name}.weight": objective.usual_weight
        for name, objective in OBJECTIVES.items()
        if objective.title == title
    }
