"""The whole catalogue's cross entropy, by the contract of next-item losses."""

import torch

from objectives.next_item.contract import NextItemContract
from sracl.objectives.next_item import Softmax


class TestSoftmax(NextItemContract):
    loss = Softmax
    draws = False

    def negatives_of(self, drawn: torch.Tensor, place: int) -> list[int]:
        return []

    def plain(self, loss, states, table, target: int, negatives: list[int]) -> torch.Tensor:
        return torch.logsumexp(table @ states, dim=0) - table[target] @ states
