"""The whole catalogue's cross entropy, by the contract of next-item losses."""

import pytest
import torch

from objectives.next_item.contract import NextItemContract
from sracl.objectives.batch import Batch
from sracl.objectives.next_item import Softmax, softmax


class TestSoftmax(NextItemContract):
    loss = Softmax
    draws = False

    def negatives_of(self, drawn: torch.Tensor, place: int) -> list[int]:
        return []

    def plain(self, loss, states, table, target: int, negatives: list[int]) -> torch.Tensor:
        return torch.logsumexp(table @ states, dim=0) - table[target] @ states

    @pytest.mark.parametrize("faster", [True, False])
    def test_half_precision_is_taken_where_it_is_faster(self, faster: bool, batch: Batch, monkeypatch) -> None:
        monkeypatch.setattr(softmax, "bfloat16_is_faster", lambda: faster)
        states, table = self.example(batch)
        exact = self.value(Softmax(), batch, states, table, None).detach()
        half = self.value(Softmax(products="bfloat16"), batch, states, table, None).detach()
        assert torch.equal(half, exact) is not faster
        torch.testing.assert_close(half, exact, rtol=0.02, atol=0)

    def test_half_precision_learns_the_planted_pattern_too(self, monkeypatch) -> None:
        monkeypatch.setattr(softmax, "bfloat16_is_faster", lambda: True)
        monkeypatch.setattr(self, "settings", {"products": "bfloat16"}, raising=False)
        self.test_a_planted_pattern_is_learnt_before_whatever_a_user_never_had()
