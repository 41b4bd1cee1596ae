"""What each part of SRA-CL is worth: the method without it, or with chance in its place (the paper's Table 3)."""

from sracl.config import RunConfig
from sracl.studies.definition import Study, Variant, plain

WHOLE = "SRA-CL"


def ablation(config: RunConfig) -> Study:
    """Every variant takes one part away from the configured SRA-CL, and is compared with it."""
    cross, intra = "objectives.cross_sequence", "objectives.intra_sequence"
    parts = (
        Variant("without cross-sequence", {f"{cross}.weight": 0.0}),
        Variant("without intra-sequence", {f"{intra}.weight": 0.0}),
        Variant("without both", plain(config)),
        Variant("mean instead of synthesis", {f"{cross}.synthesis": "mean"}),
        Variant("random neighbours", {f"{cross}.neighbors": "random"}),
        Variant("random substitution", {f"{intra}.substitutes": "random"}),
        Variant("learned neighbours", {f"{cross}.neighbors": "learned", f"{intra}.substitutes": "learned"}),
    )
    return Study("ablation", (Variant(WHOLE), *parts), tuple((WHOLE, part.label) for part in parts))
