"""SRA-CL beside other contrastive objectives on the same backbone (the paper's Table 1)."""

from sracl.config import RunConfig
from sracl.errors import InputError
from sracl.studies.definition import Study
from sracl.studies.methods import OURS, PLAIN, methods


def rivals(config: RunConfig) -> Study:
    """The plain backbone, every rival alone, and the configured SRA-CL, which is compared with all of them."""
    known = methods(config)
    names = [name for name in known if name not in (PLAIN, OURS)]
    if unknown := [name for name in config.study.rivals or () if name not in names]:
        raise InputError(f"study.rivals: there is no rival {unknown[0]!r}; known: {', '.join(names)}")
    others = [known[name] for name in (PLAIN, *(config.study.rivals or names))]
    ours = known[OURS]
    return Study("rivals", (*others, ours), tuple((ours.label, other.label) for other in others))
