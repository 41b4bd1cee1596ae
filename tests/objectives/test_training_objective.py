"""The fast path gives the losses and gradients of the plain reading, for the same weights and draws."""

import numpy as np
import pytest
import torch

from reference.oracle import Oracle, Prefix
from sracl.backbones import SASRec
from sracl.datasets.prefixes import PrefixPool
from sracl.datasets.sequences import Sequences
from sracl.objectives.cross_sequence import CrossSequence
from sracl.objectives.intra_sequence import IntraSequence
from sracl.objectives.training_objective import Draws, TrainingObjective, Weighted
from sracl.semantics.retrieval import Exclusion, nearest
from sracl.training.batches import TrainingRows

ITEMS, LENGTH, ALPHA, BETA = 40, 8, 0.3, 0.2


def histories(seed: int = 0) -> Sequences:
    random = np.random.default_rng(seed)
    lengths = np.array([2, 3, 9, 5, 1, 7, 4])
    return Sequences.from_sorted(
        np.repeat(np.arange(len(lengths)), lengths), random.integers(0, ITEMS, lengths.sum()), len(lengths)
    )


def unit(rows: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(rows, 12)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def objective(
    positions: str, anchors_per_row: int | None, shared: bool = True
) -> tuple[TrainingObjective, PrefixPool, np.ndarray, np.ndarray]:
    torch.manual_seed(1)
    pool = PrefixPool(histories(), LENGTH)
    embeddings = unit(len(pool), 1)
    neighbours = nearest(embeddings, 4, Exclusion.same_owner(pool.sequences.offsets))
    neighbours[::5, 2:] = -1
    neighbours[7] = -1
    backbone = SASRec(ITEMS, 16, LENGTH, layers=2, heads=2, dropout=0.0, positions=positions)
    contrastive = {
        "cross_sequence": Weighted(CrossSequence(pool, neighbours, embeddings, 16, shared_rows=shared), ALPHA),
        "intra_sequence": Weighted(IntraSequence(nearest(unit(ITEMS, 2), 3, Exclusion.itself(ITEMS)), 0.5), BETA),
    }
    made = TrainingObjective(backbone, contrastive, anchors_per_row)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return made, pool, neighbours, embeddings


def as_prefixes(batch, draws: Draws, pool: PrefixPool, neighbours: np.ndarray, embeddings: np.ndarray):
    """The batch's targets and the anchors, with the fast path's draws, as the oracle takes them."""
    items, owner, starts = batch.rows.items.tolist(), batch.rows.owner.tolist(), batch.rows.starts.tolist()

    def prefix(place: int) -> Prefix:
        row = owner[place]
        return Prefix(
            int(batch.users[row]),
            items[starts[row] : place + 1],
            int(batch.targets[place]),
            int(batch.rows.lengths[row]),
        )

    anchors = []
    views = draws.drawn["intra_sequence"].rows
    ends = views.last.tolist()
    first_views = [views.items[s : e + 1].tolist() for s, e in zip(views.starts.tolist(), ends, strict=True)]
    cross = draws.drawn["cross_sequence"]
    used = cross.used.tolist()
    read = cross.rows.up_to(cross.places)
    survivors = {
        cell: (part.tolist(), length)
        for cell, part, length in zip(
            map(tuple, torch.nonzero(cross.kept).tolist()),
            read.items.split(read.lengths.tolist()),
            cross.rows.lengths[cross.rows.owner[cross.places]].tolist(),
            strict=True,
        )
    }
    for number, place in enumerate(draws.anchors.tolist()):
        anchor = prefix(place)
        own = int(pool.number(np.array([anchor.user]), np.array([int(batch.positions[place])]))[0])
        found = [n for n in neighbours[own].tolist() if n >= 0]
        anchor.neighbours = [pool.items(np.array([n])).values.tolist() for n in found]
        anchor.embedding = torch.from_numpy(embeddings[own])
        anchor.neighbour_embeddings = torch.from_numpy(embeddings[found])
        assert (number in used) == bool(found)
        if found:
            row = used.index(number)
            anchor.kept = cross.kept[row, : len(found)].tolist()
            anchor.neighbour_row_lengths = [len(whole) for whole in anchor.neighbours]
            for rank in torch.nonzero(cross.kept[row]).flatten().tolist():
                # What is read is the retrieved prefix, maybe in a longer row, and cut where that row begins.
                part, length = survivors[row, rank]
                assert part == anchor.neighbours[rank][-len(part) :]
                anchor.neighbours[rank], anchor.neighbour_row_lengths[rank] = part, length
        anchor.views = (first_views[number], first_views[number + len(draws.anchors)])
        anchors.append(anchor)
    return [prefix(place) for place in batch.with_target.tolist()], anchors


@pytest.mark.parametrize("positions", ["start", "end"])
@pytest.mark.parametrize("anchors_per_row", [None, 1, 2])
@pytest.mark.parametrize("shared", [True, False])
def test_losses_and_gradients_equal_the_plain_reading(
    positions: str, anchors_per_row: int | None, shared: bool
) -> None:
    made, pool, neighbours, embeddings = objective(positions, anchors_per_row, shared)
    made.train()
    # Histories up to max_length + 1, where one pass equals a row a prefix exactly.
    rows = TrainingRows.of(pool.sequences, LENGTH)
    batch = rows.batch(np.arange(len(rows)))
    draws = made.draw(batch, torch.Generator().manual_seed(3))
    losses = made(batch, draws)
    losses.total.backward()

    weights = {name: p.detach().clone().requires_grad_() for name, p in made.named_parameters()}
    oracle = Oracle(weights, heads=2, max_length=LENGTH, positions=positions)
    prefixes, anchors = as_prefixes(batch, draws, pool, neighbours, embeddings)
    expected = {
        "next_item": oracle.next_item(prefixes, ITEMS),
        "cross_sequence": oracle.cross_sequence(anchors),
        "intra_sequence": oracle.intra_sequence(anchors),
    }
    total = expected["next_item"] + ALPHA * expected["cross_sequence"] + BETA * expected["intra_sequence"]
    total.backward()
    for name, value in expected.items():
        torch.testing.assert_close(losses.parts[name], value.detach(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(losses.total.detach(), total.detach(), rtol=1e-4, atol=1e-5)
    for name, parameter in made.named_parameters():
        torch.testing.assert_close(
            parameter.grad, weights[name].grad, rtol=2e-3, atol=2e-5, msg=lambda m, n=name: f"{n}: {m}"
        )


def test_without_contrastive_objectives_the_total_is_the_next_item_loss() -> None:
    made, pool, *_ = objective("start", 1)
    plain = TrainingObjective(made.backbone)
    rows = TrainingRows.of(pool.sequences, LENGTH)
    batch = rows.batch(np.arange(len(rows)))
    losses = plain(batch, plain.draw(batch, torch.Generator()))
    assert set(losses.parts) == {"next_item"}
    torch.testing.assert_close(losses.total, losses.parts["next_item"])


def test_the_objective_adds_its_losses_to_a_backbone_that_is_not_causal() -> None:
    """A row a prefix gives what one pass gives, where the backbone is causal in truth but does not say so."""
    made, pool, *_ = objective("start", None)
    rows = TrainingRows.of(pool.sequences, LENGTH)
    batch = rows.batch(np.arange(len(rows)))
    draws = made.draw(batch, torch.Generator().manual_seed(3))
    one_pass = made(batch, draws)
    made.backbone.__class__ = type("RowAPrefix", (SASRec,), {"causal": False})
    row_a_prefix = made(batch, draws)
    for name, value in one_pass.parts.items():
        torch.testing.assert_close(row_a_prefix.parts[name], value, rtol=1e-4, atol=1e-5)


def test_every_objective_is_told_of_an_epoch_with_the_backbone_and_its_generator() -> None:
    made, *_ = objective("start", 1)
    told = []
    for name in made.contrastive:
        made.contrastive[name].begin_epoch = lambda *given, n=name: told.append((n, *given))
    draws = torch.Generator().manual_seed(5)
    made.begin_epoch(3, draws)
    assert told == [(name, made.backbone, 3, draws) for name in ("cross_sequence", "intra_sequence")]


def test_over_the_epochs_of_a_warm_up_the_contrastive_weights_grow_evenly() -> None:
    made, *_ = objective("start", 1)
    rows = TrainingRows.of(histories(), LENGTH)
    batch = rows.batch(np.arange(len(rows)))
    made.warm_up = 3
    draws = made.eval().draw(batch, torch.Generator().manual_seed(3))
    parts = made(batch, draws).parts
    whole = ALPHA * parts["cross_sequence"] + BETA * parts["intra_sequence"]
    for epoch, share in ((1, 0.25), (2, 0.5), (4, 1.0), (9, 1.0)):
        made.begin_epoch(epoch, torch.Generator().manual_seed(epoch))
        torch.testing.assert_close(made(batch, draws).total.detach(), parts["next_item"] + share * whole)
