"""What every contrastive objective must do. A test of an objective is a subclass with `make`."""

import copy

import numpy as np
import pytest
import torch

from sracl.backbones import SASRec
from sracl.datasets.prefixes import PrefixPool
from sracl.datasets.sequences import Sequences
from sracl.objectives.anchors import draw_anchors
from sracl.objectives.batch import Batch
from sracl.objectives.contrastive import ContrastiveObjective, Drawn
from sracl.objectives.training_objective import TrainingObjective, Weighted
from support.batches import generator, histories_of, unit_vectors, whole_batch
from support.gpu import assert_like_on_processor, needs_gpu

ITEMS, LENGTH, WIDTH = 40, 8, 16


KINDS = 4
"""Groups of items in `planted`: a user's items are of one of them."""


def planted(users: int = 32, length: int = LENGTH, seed: int = 0) -> Sequences:
    """Histories that stay within one of KINDS groups of items, which the numbers of users tell, too."""
    random = np.random.default_rng(seed)
    owners = np.repeat(np.arange(users), length)
    size = ITEMS // KINDS
    return Sequences.from_sorted(owners, owners % KINDS * size + random.integers(0, size, len(owners)), users)


class ContrastiveContract:
    """Draws repeat, anchors get gradients, gradients are right, no anchors cost nothing."""

    highest = ITEMS - 1
    """The highest item number in drawn rows; ITEMS where items may be masked."""
    chance = True
    """Whether its draws depend on the generator."""
    reads_rows = True
    """Whether it draws rows to be encoded."""
    teaches = "encoded"
    """What gets its gradient: `encoded`, or `anchors` alone where what else is encoded teaches them."""

    def make(self, pool: PrefixPool) -> ContrastiveObjective:
        """The objective over ITEMS items and the pool's prefixes, for vectors of width WIDTH."""
        raise NotImplementedError

    def ready(self, pool: PrefixPool) -> ContrastiveObjective:
        """The objective in its first epoch, with a backbone of fresh weights."""
        torch.manual_seed(0)
        made = self.make(pool).train()
        made.begin_epoch(SASRec(ITEMS, WIDTH, LENGTH), 1, generator())
        return made

    @pytest.fixture
    def pool(self) -> PrefixPool:
        return PrefixPool(histories_of([2, 3, 9, 5, 7, 4, 6], ITEMS), LENGTH)

    @pytest.fixture
    def objective(self, pool: PrefixPool) -> ContrastiveObjective:
        return self.ready(pool)

    @pytest.fixture
    def batch(self, pool: PrefixPool) -> Batch:
        return whole_batch(pool.sequences, LENGTH)

    def test_equal_seeds_draw_equal_rows_and_others_do_not(self, objective: ContrastiveObjective, batch: Batch) -> None:
        anchors = draw_anchors(batch, None, generator())
        first, same, other = (objective.draw(batch, anchors, generator(seed)).rows for seed in (1, 1, 2))
        assert torch.equal(first.items, same.items)
        assert torch.equal(first.lengths, same.lengths)
        differs = first.items.shape != other.items.shape or not torch.equal(first.items, other.items)
        assert differs == self.chance

    def test_drawn_rows_hold_known_items_and_fit_the_backbone(
        self, objective: ContrastiveObjective, batch: Batch
    ) -> None:
        rows = objective.draw(batch, draw_anchors(batch, None, generator()), generator(1)).rows
        assert (len(rows) > 0) == self.reads_rows
        if not self.reads_rows:
            return
        assert rows.items.dtype == rows.lengths.dtype == torch.long
        assert int(rows.items.min()) >= 0
        assert int(rows.items.max()) <= self.highest
        assert int(rows.lengths.min()) >= 1
        assert int(rows.lengths.max()) <= LENGTH

    def test_every_drawn_row_is_read_for_its_last_place_at_least(
        self, objective: ContrastiveObjective, batch: Batch
    ) -> None:
        drawn = objective.draw(batch, draw_anchors(batch, None, generator()), generator(1))
        assert set(drawn.rows.last.tolist()) <= set(drawn.places.tolist())
        assert not len(drawn.places) or int(drawn.places.max()) < len(drawn.rows.items)

    def test_the_loss_is_a_finite_scalar_that_teaches_the_encoded_rows(
        self, objective: ContrastiveObjective, batch: Batch
    ) -> None:
        anchors = draw_anchors(batch, 1, generator())
        drawn = objective.draw(batch, anchors, generator(1))
        states = torch.randn(len(anchors), WIDTH, requires_grad=True)
        encoded = torch.randn(drawn.wanted, WIDTH, requires_grad=True)
        loss = objective.loss(states, encoded, drawn)
        assert loss.shape == ()
        loss.backward()
        assert torch.isfinite(loss)
        taught = encoded if self.teaches == "encoded" else states
        assert taught.grad is not None
        assert taught.grad.abs().sum() > 0
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
        whole.begin_epoch(1, generator(1))
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

    @needs_gpu
    def test_on_a_gpu_losses_and_gradients_are_those_of_the_processor(
        self, objective: ContrastiveObjective, batch: Batch
    ) -> None:
        torch.manual_seed(1)
        whole = TrainingObjective(SASRec(ITEMS, WIDTH, LENGTH, dropout=0.0), {"contrast": Weighted(objective, 0.5)}, 2)
        on_gpu = copy.deepcopy(whole).cuda()
        for one in (whole, on_gpu):
            one.begin_epoch(1, generator(1))
        draws = whole.draw(batch, generator(2))
        expected, found = whole(batch, draws), on_gpu(batch.to(torch.device("cuda")), draws)
        expected.total.backward()
        found.total.backward()
        for name, part in expected.parts.items():
            assert_like_on_processor(found.parts[name], part, name)
        for (name, parameter), other in zip(whole.named_parameters(), on_gpu.parameters(), strict=True):
            assert_like_on_processor(other.grad, parameter.grad, name)

    def test_gradients_are_those_of_small_steps(self, objective: ContrastiveObjective, batch: Batch) -> None:
        objective.double()
        anchors = draw_anchors(batch, 1, generator())
        drawn = objective.draw(batch, anchors, generator(1))
        in_double(drawn)
        torch.manual_seed(3)
        states = torch.randn(len(anchors), WIDTH, dtype=torch.double, requires_grad=True)
        encoded = torch.randn(drawn.wanted, WIDTH, dtype=torch.double, requires_grad=True)
        objective.loss(states, encoded, drawn).backward()
        step = 1e-6
        taught = [("encoded", encoded)] if self.teaches == "encoded" else []
        for name, tensor in [("anchors", states), *taught, *objective.named_parameters()]:
            direction = torch.randn_like(tensor)
            with torch.no_grad():
                tensor += step * direction
                above = objective.loss(states, encoded, drawn)
                tensor -= 2 * step * direction
                below = objective.loss(states, encoded, drawn)
                tensor += step * direction
            found = torch.zeros(()) if tensor.grad is None else (tensor.grad * direction).sum()
            torch.testing.assert_close(found.double(), (above - below) / (2 * step), rtol=1e-5, atol=1e-6, msg=name)


class LearningContract(ContrastiveContract):
    """What an objective that compares by the data must do beside: find what is planted in them."""

    def test_it_learns_what_is_planted(self) -> None:
        """Trained by the contrast alone, users of one kind come to lie nearer to each other than to others."""
        pool = PrefixPool(planted(), LENGTH)
        objective, batch, draws = self.ready(pool), whole_batch(pool.sequences, LENGTH), generator(4)
        backbone = SASRec(ITEMS, WIDTH, LENGTH, dropout=0.2)
        optimizer = torch.optim.Adam([*backbone.parameters(), *objective.parameters()], lr=0.01)
        losses = []
        for step in range(40):
            if step % 20 == 0:
                objective.begin_epoch(backbone, 1 + step // 20, generator(step))
            anchors = draw_anchors(batch, 2, draws)
            drawn = objective.draw(batch, anchors, draws)
            states = backbone.train().states_at(batch.rows, anchors)
            loss = objective.loss(states, encoded_by(backbone, drawn), drawn)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
        assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:3])
        states = torch.nn.functional.normalize(backbone.eval().last_states(batch.rows).detach())
        alike, kinds = states @ states.T, batch.users % KINDS
        same = kinds[:, None] == kinds[None, :]
        other_user = ~torch.eye(len(kinds), dtype=torch.bool)
        assert float(alike[same & other_user].mean()) > float(alike[~same].mean()) + 0.2


def encoded_by(backbone: SASRec, drawn: Drawn) -> torch.Tensor:
    """What an objective drew, as the whole objective hands it over."""
    states = backbone.states_at(drawn.rows, drawn.places) if len(drawn.rows) else torch.empty(0, WIDTH)
    return torch.cat([states, backbone.scored_table[drawn.items]])


def item_vectors(dimension: int = 12) -> np.ndarray:
    """Unit vectors of all items, those of one kind near to each other, float32 `[ITEMS, dimension]`."""
    return unit(
        unit_vectors(KINDS, dimension)[np.arange(ITEMS) * KINDS // ITEMS] + unit_vectors(ITEMS, dimension, 1) / 2
    )


def prefix_vectors(pool: PrefixPool) -> np.ndarray:
    """The mean of each prefix's item vectors, as a unit vector, float32 `[P, D]`."""
    items, vectors = pool.items(np.arange(len(pool))), item_vectors()
    return unit(np.stack([vectors[own].mean(axis=0) for own in items]))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Each row divided by its norm."""
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def in_double(drawn: object) -> None:
    """Turn the numbers of a step's draws into double precision, as the states of a gradient check are."""
    for name, value in vars(drawn).items():
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            setattr(drawn, name, value.double())
