"""HSTU keeps the contract, equals its pointwise attention written out, and scores by the cosine."""

from typing import Literal

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from backbones.contract import ITEMS, LENGTH, LONG, OTHER, SHORT, WIDTH, BackboneContract, rows_of
from reference.layers import linear, norm, silu
from sracl.backbones import HSTU
from sracl.backbones.scorer import BackboneScorer
from sracl.objectives.training_objective import TrainingObjective
from support.batches import generator, whole_batch
from support.lists import flat


def hstu(positions: Literal["start", "end"] = "start", layers: int = 2, head_dimension: int | None = None) -> HSTU:
    return HSTU(
        ITEMS,
        WIDTH,
        LENGTH,
        layers=layers,
        heads=2,
        head_dimension=head_dimension,
        input_dropout=0.1,
        dropout=0.1,
        positions=positions,
    )


class TestHSTUFromTheStart(BackboneContract):
    def make(self) -> HSTU:
        return hstu()


class TestHSTUFromTheEnd(BackboneContract):
    def make(self) -> HSTU:
        return hstu("end", head_dimension=3)


def plain(backbone: HSTU, history: list[int]) -> Tensor:
    """Every unit, place by place (Zhai et al., eqs. 1 to 3), without times, and the unit vector over sqrt(0.05)."""
    first = 0 if backbone.positions.counted == "start" else LENGTH - len(history)
    places = backbone.positions.vectors.weight[first:]
    states = [backbone.item_embedding.weight[item] * WIDTH**0.5 + places[place] for place, item in enumerate(history)]
    for block in backbone.blocks:
        normal = [norm(state, epsilon=1e-6) for state in states]
        gates_queries = [silu(linear(block.gate_and_query, state)).chunk(2) for state in normal]
        keys_values = [silu(linear(block.key_and_value, state)).chunk(2) for state in normal]
        size, after = len(gates_queries[0][0]) // 2, []
        for place, (state, (gate, query)) in enumerate(zip(states, gates_queries, strict=True)):
            parts = []
            for head in range(2):
                part = slice(head * size, (head + 1) * size)
                weights = [
                    silu(query[part] @ keys_values[other][0][part] + block.distance_bias[place - other]) / LENGTH
                    for other in range(place + 1)
                ]
                parts.append(sum(weight * keys_values[other][1][part] for other, weight in enumerate(weights)))
            after.append(state + linear(block.output, norm(torch.cat(parts), epsilon=1e-6) * gate))
        states = after
    return states[-1] / states[-1].norm() / 0.05**0.5


@pytest.mark.parametrize(("positions", "head_dimension"), [("start", None), ("end", 3)])
@pytest.mark.parametrize("layers", [1, 3])
def test_states_equal_the_plain_reading(
    positions: Literal["start", "end"], head_dimension: int | None, layers: int
) -> None:
    torch.manual_seed(2)
    backbone = hstu(positions, layers, head_dimension).eval()
    for parameter in backbone.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    expected = torch.stack([plain(backbone, history) for history in (LONG, SHORT, [4], OTHER)])
    found = backbone.last_states(rows_of(LONG, SHORT, [4], OTHER))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_scores_and_the_training_loss_are_of_cosines_over_the_temperature() -> None:
    torch.manual_seed(1)
    backbone = hstu().eval()
    histories = flat([LONG, SHORT])
    state = backbone.last_states(rows_of(LONG, SHORT))
    raw = backbone.item_embedding.weight[:ITEMS]
    expected = cosine_similarity(state[:, None], raw[None], dim=2) / 0.05
    torch.testing.assert_close(BackboneScorer(backbone).score(histories), expected.detach(), rtol=1e-4, atol=1e-4)
    batch = whole_batch(histories, LENGTH)
    objective = TrainingObjective(backbone)
    states = backbone.states(batch.rows)
    logits = cosine_similarity(states[:, None], raw[None], dim=2) / 0.05
    loss = torch.nn.functional.cross_entropy(logits, batch.targets)
    found = objective(batch, objective.draw(batch, generator())).total
    torch.testing.assert_close(found, loss, rtol=1e-4, atol=1e-4)
