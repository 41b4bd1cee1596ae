"""Losses over a backbone and a batch. A new contrastive objective is a file here and a line in `OBJECTIVES`."""

from typing import Any

from sracl.objectives.cl4srec import CL4SRec
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.contrastive import ContrastiveObjective, Drawn
from sracl.objectives.coserec import CoSeRec
from sracl.objectives.cross_sequence import CrossSequence
from sracl.objectives.duorec import DuoRec
from sracl.objectives.iclrec import ICLRec
from sracl.objectives.icsrec import ICSRec
from sracl.objectives.intra_sequence import IntraSequence
from sracl.objectives.llmesr_distillation import LLMESRDistillation
from sracl.objectives.mclrec import MCLRec
from sracl.objectives.rlmrec import RLMRec
from sracl.objectives.training_objective import TrainingObjective, Weighted

OBJECTIVES: dict[str, type[ContrastiveObjective[Any]]] = {
    "cross_sequence": CrossSequence,
    "intra_sequence": IntraSequence,
    "cl4srec": CL4SRec,
    "coserec": CoSeRec,
    "duorec": DuoRec,
    "iclrec": ICLRec,
    "icsrec": ICSRec,
    "mclrec": MCLRec,
    "llmesr_distillation": LLMESRDistillation,
    "rlmrec": RLMRec,
}

__all__ = [
    "OBJECTIVES",
    "CL4SRec",
    "CoSeRec",
    "ContrastiveObjective",
    "CrossSequence",
    "Drawn",
    "DuoRec",
    "ICLRec",
    "ICSRec",
    "IntraSequence",
    "LLMESRDistillation",
    "MCLRec",
    "ObjectiveContext",
    "RLMRec",
    "TrainingObjective",
    "Weighted",
]
