"""Sequence encoders: items in, hidden states out. A new one is a file here and a line in `BACKBONES`."""

from sracl.backbones.base import Backbone
from sracl.backbones.bert4rec import BERT4Rec
from sracl.backbones.bsarec import BSARec
from sracl.backbones.caser import Caser
from sracl.backbones.fmlp import FMLPRec
from sracl.backbones.gru4rec import GRU4Rec
from sracl.backbones.hstu import HSTU
from sracl.backbones.ligr import LiGR
from sracl.backbones.linrec import LinRec
from sracl.backbones.rows import Rows
from sracl.backbones.sasrec import SASRec

BACKBONES: dict[str, type[Backbone]] = {
    "sasrec": SASRec,
    "gru4rec": GRU4Rec,
    "caser": Caser,
    "bert4rec": BERT4Rec,
    "fmlp": FMLPRec,
    "bsarec": BSARec,
    "linrec": LinRec,
    "hstu": HSTU,
    "ligr": LiGR,
}

__all__ = [
    "BACKBONES",
    "HSTU",
    "BERT4Rec",
    "BSARec",
    "Backbone",
    "Caser",
    "FMLPRec",
    "GRU4Rec",
    "LiGR",
    "LinRec",
    "Rows",
    "SASRec",
]
