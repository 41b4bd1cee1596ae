"""Losses of the next item. A new one is a file here and a line in `NEXT_ITEM_LOSSES`."""

from sracl.objectives.next_item.base import NextItemLoss
from sracl.objectives.next_item.binary import Binary
from sracl.objectives.next_item.gbce import GeneralisedBinary
from sracl.objectives.next_item.sampled_softmax import SampledSoftmax
from sracl.objectives.next_item.softmax import Softmax

NEXT_ITEM_LOSSES: dict[str, type[NextItemLoss]] = {
    "softmax": Softmax,
    "sampled-softmax": SampledSoftmax,
    "gbce": GeneralisedBinary,
    "binary": Binary,
}

__all__ = ["NEXT_ITEM_LOSSES", "Binary", "GeneralisedBinary", "NextItemLoss", "SampledSoftmax", "Softmax"]
