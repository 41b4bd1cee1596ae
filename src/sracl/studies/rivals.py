"""SRA-CL beside other contrastive objectives on the same backbone (the paper's Table 1)."""

from sracl.config import RunConfig
from sracl.errors import InputError
from sracl.objectives import OBJECTIVES
from sracl.objectives.cross_sequence import CrossSequence
from sracl.studies.definition import Study, Variant, plain

OURS = CrossSequence.title


def rivals(config: RunConfig) -> Study:
    """The plain backbone, every rival alone, and the configured SRA-CL, which is compared with all of them.

    A rival's losses have their papers' weights, and otherwise the configuration's settings.
    """
    methods = sorted({objective.title for objective in OBJECTIVES.values()} - {OURS})
    if unknown := [name for name in config.study.rivals or () if name not in methods]:
        raise InputError(f"study.rivals: there is no rival {unknown[0]!r}; known: {', '.join(methods) or 'none'}")
    alone = [Variant(method, {**plain(config), **_usual(method)}) for method in config.study.rivals or methods]
    others = (Variant(config.backbone.name, plain(config)), *alone)
    return Study("rivals", (*others, Variant(OURS)), tuple((OURS, other.label) for other in others))


def _usual(method: str) -> dict[str, float]:
    return {
        f"objectives.{name}.weight": objective.usual_weight
        for name, objective in OBJECTIVES.items()
        if objective.title == method
    }
