"""What every next-item loss must do. A test of a loss is a subclass with `settings` and `plain`."""

import copy
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from sracl.backbones import SASRec
from sracl.datasets.sequences import Sequences
from sracl.objectives.batch import Batch
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.next_item import NextItemLoss
from sracl.objectives.training_objective import TrainingObjective
from support.batches import generator, histories_of, whole_batch
from support.gpu import assert_like_on_processor, needs_gpu

ITEMS, LENGTH, WIDTH = 40, 8, 16


def context_of(training: Sequences, items: int = ITEMS) -> ObjectiveContext:
    """The data of a loss."""
    return ObjectiveContext(items, WIDTH, LENGTH, training)


def successors(users: int = 40, seed: int = 0) -> Sequences:
    """Histories in which every item is followed by the next number, so that there is something to learn."""
    begins = np.random.default_rng(seed).integers(0, ITEMS, users)
    walks = (begins[:, None] + np.arange(LENGTH + 1)) % ITEMS
    return Sequences.from_lengths(walks.flatten(), np.full(users, LENGTH + 1))


class NextItemContract:
    """Draws repeat, values and gradients are the plain reading's, no row but the touched ones learns."""

    loss: ClassVar[type[NextItemLoss]]
    settings: ClassVar[dict[str, Any]] = {}
    draws: ClassVar[bool] = True
    """Whether negatives are drawn, so that rows of the table stay untouched."""

    def plain(self, loss: Any, states: torch.Tensor, table: torch.Tensor, target: int, negatives: Any) -> torch.Tensor:
        """The loss of one state `[d]`, read from the paper with loops; negatives: this target's, as numbers."""
        raise NotImplementedError

    def negatives_of(self, drawn: torch.Tensor, place: int) -> list[int]:
        """The negatives of the target at this place among the targets."""
        raise NotImplementedError

    def make(self, training: Sequences, **settings: Any) -> NextItemLoss:
        return self.loss.of(context_of(training), **(self.settings | settings))

    @pytest.fixture
    def training(self) -> Sequences:
        return histories_of([2, 3, 9, 5, 7, 4, 6], ITEMS)

    @pytest.fixture
    def made(self, training: Sequences) -> NextItemLoss:
        return self.make(training)

    @pytest.fixture
    def batch(self, training: Sequences) -> Batch:
        return whole_batch(training, LENGTH)

    def example(self, batch: Batch, scale: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
        """States of every place, and a table with a row that pads."""
        torch.manual_seed(0)
        states = scale * torch.randn(len(batch.targets), WIDTH)
        return states.requires_grad_(), torch.randn(ITEMS + 1, WIDTH).requires_grad_()

    def value(self, made: NextItemLoss, batch: Batch, states, table, drawn) -> torch.Tensor:
        return made(states, table, batch.targets, batch.with_target, drawn, ITEMS)

    def test_equal_seeds_draw_equal_negatives_that_are_items(self, made: NextItemLoss, batch: Batch) -> None:
        first, same, other = (made.draw(batch, generator(seed)) for seed in (1, 1, 2))
        assert torch.equal(first, same)
        assert first.dtype == torch.long
        if self.draws:
            assert not torch.equal(first, other)
            assert 0 <= int(first.min()) <= int(first.max()) < ITEMS
        else:
            assert first.numel() == 0

    @pytest.mark.parametrize("scale", [1.0, 30.0], ids=["small scores", "large scores"])
    def test_value_and_gradients_are_the_plain_readings(self, made: NextItemLoss, batch: Batch, scale: float) -> None:
        states, table = self.example(batch, scale)
        drawn = made.draw(batch, generator(1))
        found = self.value(made, batch, states, table, drawn)
        values = []
        for number, place in enumerate(batch.with_target.tolist()):
            negatives = self.negatives_of(drawn, number)
            values.append(self.plain(made, states[place], table[:ITEMS], int(batch.targets[place]), negatives))
        expected = torch.stack(values).mean()
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
        for one, other in zip(
            torch.autograd.grad(3 * found, [states, table]),
            torch.autograd.grad(3 * expected, [states, table]),
            strict=True,
        ):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5 * scale)

    @needs_gpu
    @pytest.mark.parametrize("scale", [1.0, 30.0], ids=["small scores", "large scores"])
    def test_a_gpu_gives_the_value_and_gradients_of_the_processor(
        self, made: NextItemLoss, batch: Batch, scale: float
    ) -> None:
        states, table = self.example(batch, scale)
        drawn, device = made.draw(batch, generator(1)), torch.device("cuda")
        expected = self.value(made, batch, states, table, drawn)
        moved = [values.detach().to(device).requires_grad_() for values in (states, table)]
        found = self.value(copy.deepcopy(made).to(device), batch.to(device), *moved, drawn)
        assert_like_on_processor(found.detach(), expected.detach())
        for one, other in zip(
            torch.autograd.grad(3 * found, moved), torch.autograd.grad(3 * expected, [states, table]), strict=True
        ):
            assert_like_on_processor(one, other)

    def test_only_touched_rows_of_the_table_learn(self, made: NextItemLoss, batch: Batch) -> None:
        states, table = self.example(batch)
        drawn = made.draw(batch, generator(1))
        self.value(made, batch, states, table, drawn).backward()
        touched = set(batch.targets[batch.with_target].tolist()) | set(drawn.flatten().tolist())
        expected = touched if self.draws else set(range(ITEMS))
        assert set(torch.nonzero(table.grad.abs().sum(dim=1))[:, 0].tolist()) <= expected
        assert not table.grad[ITEMS].any()

    def test_places_without_a_target_do_not_count(self, made: NextItemLoss, batch: Batch) -> None:
        states, table = self.example(batch)
        drawn = made.draw(batch, generator(1))
        self.value(made, batch, states, table, drawn).backward()
        without = torch.ones(len(batch.targets), dtype=torch.bool)
        without[batch.with_target] = False
        assert not states.grad[without].any()

    def test_nothing_to_predict_costs_nothing(self, made: NextItemLoss, batch: Batch) -> None:
        states, table = self.example(batch)
        nothing = Batch(batch.rows, batch.users, torch.full_like(batch.targets, -1), batch.positions)
        loss = self.value(made, nothing, states, table, made.draw(nothing, generator(1)))
        loss.backward()
        assert float(loss.detach()) == 0.0
        assert not table.grad.any()

    def test_half_precision_is_computed_in_single(self, made: NextItemLoss, batch: Batch) -> None:
        states, table = self.example(batch)
        drawn = made.draw(batch, generator(1))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = self.value(made, batch, states.bfloat16(), table, drawn)
        assert loss.dtype == torch.float32
        rounded = self.value(made, batch, states.bfloat16().float(), table, drawn)
        torch.testing.assert_close(loss, rounded, rtol=1e-5, atol=1e-6)

    def test_a_planted_pattern_is_learnt_before_whatever_a_user_never_had(self) -> None:
        training = successors()
        torch.manual_seed(0)
        objective = TrainingObjective(
            SASRec(ITEMS, WIDTH, LENGTH, layers=1, dropout=0.0), next_item=self.make(training)
        )
        optimizer = torch.optim.Adam(objective.parameters(), lr=0.01)
        batch, draws = whole_batch(training, LENGTH), generator(0)
        for _ in range(150):
            optimizer.zero_grad()
            objective(batch, objective.draw(batch, draws)).total.backward()
            optimizer.step()
        objective.eval()
        with torch.no_grad():
            scores = objective.backbone.states(batch.rows) @ objective.backbone.item_table.T
        places = batch.with_target
        scores, targets = scores[places], batch.targets[places, None]
        never_had = torch.ones(len(training), ITEMS, dtype=torch.bool)
        for user, history in enumerate(training):
            never_had[user, history] = False
        above = (scores > scores.gather(1, targets)) & never_had[batch.users[batch.rows.owner[places]]]
        assert (above.sum(dim=1) == 0).float().mean() > 0.9
