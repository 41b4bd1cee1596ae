"""Many runs compared. A new study is a file here that says what its variants are, and a line in `STUDIES`."""

from collections.abc import Callable

from sracl.config import RunConfig
from sracl.studies.ablation import ablation
from sracl.studies.backbones import backbones
from sracl.studies.definition import Study, Variant
from sracl.studies.protocols import protocols
from sracl.studies.rivals import rivals
from sracl.studies.sensitivity import sensitivity
from sracl.studies.sparsity import sparsity

STUDIES: dict[str, Callable[[RunConfig], Study]] = {
    "ablation": ablation,
    "sensitivity": sensitivity,
    "sparsity": sparsity,
    "backbones": backbones,
    "protocols": protocols,
    "rivals": rivals,
}

__all__ = ["STUDIES", "Study", "Variant"]
