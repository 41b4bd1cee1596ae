"""What every contrastive objective must do. A test of an objective is a subclass with `make`."""

import pytest
import torch

from sracl.backbones import SASRec
from sracl.datasets.prefixes import PrefixPool
from sracl.objectives.anchors import draw_anchors
from sracl.objectives.batch import Batch
from sracl.objectives.contrastive import ContrastiveObjective
from sracl.objectives.training_objective import TrainingObjective, Weighted
from support.batches import generator, histories_of, whole_batch

ITEMS, LENGTH, WIDTH = 40, 8, 16


class ContrastiveContract:
    """Draws repeat, anchors get gradients, the batch's order does not matter, no anchors cost nothing."""

    def make(self, pool: PrefixPool) -> ContrastiveObjective:
        """The objective over ITEMS items and the pool's prefixes, for vectors of width WIDTH."""
        raise NotImplementedError

    @pytest.fixture
    def pool(self) -> PrefixPool:
        return PrefixPool(histories_of([2, 3, 9, 5, 7, 4, 6], ITEMS), LENGTH)

    @pytest.fixture
    def objective(self, pool: PrefixPool) -> ContrastiveObjective:
        torch.manual_seed(0)
        return self.make(pool).train()

    @pytest.fixture
    def batch(self, pool: PrefixPool) -> Batch:
        return whole_batch(pool.sequences, LENGTH)

    def test_equal_seeds_draw_equal_rows_and_others_do_not(self, objective: ContrastiveObjective, batch: Batch) -> None:
        anchors = draw_anchors(batch, None, generator())
        first, same, other = (objective.draw(batch, anchors, generator(seed)).rows for seed in (1, 1, 2))
        assert torch.equal(first.items, same.items)
        assert torch.equal(first.lengths, same.lengths)
        assert first.items.shape != other.items.shape or not torch.equal(first.items, other.items)

    def test_drawn_rows_hold_known_items_and_fit_the_backbone(
        self, objective: ContrastiveObjective, batch: Batch
    ) -> None:
        rows = objective.draw(batch, draw_anchors(batch, None, generator()), generator(1)).rows
        assert rows.items.dtype == rows.lengths.dtype == torch.long
        assert int(rows.items.min()) >= 0
        assert int(rows.items.max()) < ITEMS
        assert int(rows.lengths.min()) >= 1
        assert int(rows.lengths.max()) <= LENGTH

    def test_every_drawn_row_is_read_for_its_last_place_at_least(
        self, objective: ContrastiveObjective, batch: Batch
    ) -> None:
        drawn = objective.draw(batch, draw_anchors(batch, None, generator()), generator(1))
        assert set(drawn.rows.last.tolist()) <= set(drawn.places.tolist())
        assert int(drawn.places.max()) < len(drawn.rows.items)

    def test_the_loss_is_a_finite_scalar_that_teaches_the_encoded_rows(
        self, objective: ContrastiveObjective, batch: Batch
    ) -> None:
        anchors = draw_anchors(batch, 1, generator())
        drawn = objective.draw(batch, anchors, generator(1))
        states = torch.randn(len(anchors), WIDTH, requires_grad=True)
        encoded = torch.randn(len(drawn.places), WIDTH, requires_grad=True)
        loss = objective.loss(states, encoded, drawn)
        assert loss.shape == ()
        loss.backward()
        assert torch.isfinite(loss)
        assert encoded.grad is not None
        assert encoded.grad.abs().sum() > 0
        for name, parameter in objective.named_parameters():
            assert parameter.grad is not None, name
            assert torch.isfinite(parameter.grad).all(), name

    def test_no_anchors_give_a_loss_of_zero(self, objective: ContrastiveObjective, batch: Batch) -> None:
        drawn = objective.draw(batch, torch.empty(0, dtype=torch.long), generator(1))
        assert len(drawn.rows) == 0
        nothing = torch.zeros(0, WIDTH, requires_grad=True)
        loss = objective.loss(nothing, nothing, drawn)
        loss.backward()
        assert float(loss.detach()) == 0.0

    def test_it_goes_onto_a_backbone_and_its_steps_lower_the_total(
        self, objective: ContrastiveObjective, batch: Batch
    ) -> None:
        torch.manual_seed(1)
        whole = TrainingObjective(
            SASRec(ITEMS, WIDTH, LENGTH, dropout=0.0), {"contrast": Weighted(objective, 0.5)}, None
        )
        optimizer = torch.optim.Adam(whole.parameters(), lr=0.01)
        draws = whole.draw(batch, generator(2))
        totals = []
        for _ in range(30):
            losses = whole(batch, draws)
            optimizer.zero_grad()
            losses.total.backward()
            optimizer.step()
            totals.append(float(losses.total.detach()))
        assert totals[-1] < totals[0] - 0.1
        assert set(losses.parts) == {"next_item", "contrast"}
