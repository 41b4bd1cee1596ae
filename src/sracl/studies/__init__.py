"""Many runs compared. A new study is a file here that says what its variants are, and a line in `STUDIES`."""

from collections.abc import Callable

from sracl.config import RunConfig
from sracl.studies.ablation import ablation
from sracl.studies.backbones import backbones
from sracl.studies.definition import Study, Variant
from sracl.studies.protocols import protocols

STUDIES: dict[str, Callable[[RunConfig], Study]] = {
    "ablation": ablation,
    "backbones": backbones,
    "protocols": protocols,
}

__all__ = ["STUDIES", "Study", "Variant"]
