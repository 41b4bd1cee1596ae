"""What the `paper` protocol's leaks are worth: the same method under both protocols, and without it."""

from sracl.config import RunConfig
from sracl.studies.definition import Study, Variant, plain

STRICT, PAPER = "protocol strict", "protocol paper"


def protocols(config: RunConfig) -> Study:
    """The configured SRA-CL under both protocols, compared with each other; the plain backbone tells the scale."""
    variants = (
        Variant("plain backbone", plain(config)),
        Variant(STRICT, {"protocol": "strict"}),
        Variant(PAPER, {"protocol": "paper"}),
    )
    return Study("protocols", variants, ((PAPER, STRICT),))
