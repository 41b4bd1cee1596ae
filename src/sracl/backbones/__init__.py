"""Sequence encoders: items in, hidden states out. A new one is a file here and a line in `BACKBONES`."""

from sracl.backbones.base import Backbone
from sracl.backbones.rows import Rows
from sracl.backbones.sasrec import SASRec

BACKBONES: dict[str, type[Backbone]] = {
    "sasrec": SASRec,
}

__all__ = ["BACKBONES", "Backbone", "Rows", "SASRec"]
