"""From a configuration to what is trained."""

import numpy as np
import pytest
import torch
from torch import Tensor

from sracl.backbones import BACKBONES, Backbone
from sracl.backbones.rows import Rows
from sracl.config import BackboneConfig, RunConfig
from sracl.datasets.prefixes import PrefixPool
from sracl.errors import InputError
from sracl.objectives import OBJECTIVES
from sracl.objectives.chance import AnyItems, AnyPrefixes
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.synthesis import Mean, Synthesis
from sracl.semantics.index import SemanticIndex
from sracl.semantics.retrieval import Exclusion, nearest
from sracl.training.assembly import (
    make_backbone,
    make_contrastive,
    make_objective,
    make_plain_objective,
    with_own_backbone,
)
from sracl.training.batches import TrainingRows
from support.batches import generator, unit_vectors
from support.small_training import ITEMS, LENGTH, walks


def index() -> SemanticIndex:
    pool = PrefixPool(walks().training, LENGTH)
    embeddings = unit_vectors(len(pool), 6)
    return SemanticIndex(
        pool,
        embeddings,
        nearest(unit_vectors(ITEMS, 6), 3, Exclusion.itself(ITEMS)),
        nearest(embeddings, 3, Exclusion.same_owner(pool.sequences.offsets)),
        unit_vectors(ITEMS, 6),
    )


TRAINING = walks().training


def context(semantic: SemanticIndex | None, learned: SemanticIndex | None = None) -> ObjectiveContext:
    return ObjectiveContext(ITEMS, 8, LENGTH, TRAINING, semantic, learned)


def config(**objectives: dict) -> RunConfig:
    return RunConfig.model_validate(
        {
            "dataset": {"name": "ml-100k", "max_length": LENGTH},
            "backbone": {"dimension": 8},
            "objectives": objectives,
        }
    )


def test_the_backbones_settings_reach_it() -> None:
    settings = BackboneConfig(dimension=12, layers=3, heads=3, dropout=0.1, positions="end")
    backbone = make_backbone(settings, ITEMS, LENGTH)
    assert (backbone.dimension, backbone.item_count, backbone.max_length) == (12, ITEMS, LENGTH)
    assert (len(backbone.blocks), backbone.blocks[0].heads, backbone.dropout, backbone.positions) == (3, 3, 0.1, "end")


@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_goes_into_an_objective_with_all_losses(name: str) -> None:
    everything = {objective: {"weight": 0.1} for objective in OBJECTIVES}
    made = config(**everything).model_copy(update={"backbone": BackboneConfig(name=name, dimension=8)})
    objective = make_objective(made, ITEMS, TRAINING, semantic=index())
    batch = TrainingRows.of(walks().training, LENGTH).batch(np.arange(20))
    torch.manual_seed(0)
    objective.begin_epoch(1, generator())
    losses = objective(batch, objective.draw(batch, generator()))
    losses.total.backward()
    assert set(losses.parts) == {"next_item", *OBJECTIVES}
    assert all(parameter.grad.isfinite().all() for parameter in objective.parameters() if parameter.grad is not None)


@pytest.mark.parametrize("name", BACKBONES)
def test_narrow_vectors_that_dropout_would_empty_give_no_wild_gradients(name: str) -> None:
    torch.manual_seed(0)
    backbone = make_backbone(BackboneConfig(name=name, dimension=4), ITEMS, LENGTH).train()
    states = backbone.last_states(Rows(torch.arange(2000) % ITEMS, torch.ones(2000, dtype=torch.long)))
    (states @ torch.randn(4)).sum().backward()
    for key, parameter in backbone.named_parameters():
        # A gradient through one norm at zero is 1e6 times as large as it should be.
        assert parameter.grad is None or float(parameter.grad.abs().max()) < 1e7, key


class Own(Backbone):
    """A backbone of one's own, of no known name."""

    causal = True

    def __init__(self, item_count: int, max_length: int, width: int = 8, scale: float = 1.0) -> None:
        super().__init__(item_count, width, max_length)
        self.scale = scale

    def encode(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        return self.scale * embedded.cumsum(dim=1)


class NeverWide(Own):
    def __init__(self, item_count: int, max_length: int, width: int = 8) -> None:
        super().__init__(item_count, max_length, width)
        if width > 4:
            raise ValueError("too wide")


class SeesTheFuture(Own):
    def encode(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        return embedded.flip(1).cumsum(dim=1).flip(1)


def own_config(**settings: object) -> RunConfig:
    return config().model_copy(update={"backbone": BackboneConfig(name="mine.py:Own", **settings)})


def test_a_backbone_of_ones_own_gets_its_settings_and_the_configuration_its_defaults() -> None:
    resolved, own = with_own_backbone(own_config(scale=2), Own)
    assert own is Own
    assert resolved.backbone.model_dump() == {"name": "mine.py:Own", "width": 8, "scale": 2.0}
    made = make_objective(resolved, ITEMS, TRAINING, semantic=index(), own=own).backbone
    assert isinstance(made, Own)
    assert (made.scale, made.dimension, made.item_count, made.max_length) == (2.0, 8, ITEMS, LENGTH)


def test_a_known_backbone_needs_no_class() -> None:
    assert with_own_backbone(config()) == (config(), None)


def test_nothing_of_ones_own_is_built_without_its_class_or_against_the_contract() -> None:
    with pytest.raises(InputError, match=r"mine\.py:Own is a backbone of somebody's own: pass its class"):
        make_plain_objective(own_config(), ITEMS, walks().training)
    with pytest.raises(InputError, match="its states depend on later items"):
        make_plain_objective(own_config(), ITEMS, walks().training, SeesTheFuture)
    with pytest.raises(InputError, match=r"mine\.py:Own cannot be built from {'width': 8}: ValueError: too wide"):
        make_plain_objective(own_config(), ITEMS, walks().training, NeverWide)
    with pytest.raises(InputError, match=r"`backbone\.heads` is not a setting of mine\.py:Own"):
        with_own_backbone(own_config(heads=2), Own)
    with pytest.raises(InputError, match=r"there is no file mine\.py"):
        with_own_backbone(own_config())


def test_every_setting_of_the_objectives_reaches_them() -> None:
    settings = config(
        cross_sequence={"weight": 0.3, "temperature": 0.5, "dropout": 0.25},
        intra_sequence={"weight": 0.4, "temperature": 0.6, "substitution": 0.7},
    )
    made = make_contrastive(settings.objectives, context(index()))
    cross, intra = made["cross_sequence"], made["intra_sequence"]
    assert (cross.weight, cross.objective.temperature, cross.objective.synthesis.dropout) == (0.3, 0.5, 0.25)
    assert (intra.weight, intra.objective.temperature, intra.objective.substitution) == (0.4, 0.6, 0.7)


def test_the_settings_of_ablations_choose_where_neighbours_come_from() -> None:
    by_text, by_vectors = index(), index()
    made = make_contrastive(config().objectives, context(by_text, by_vectors))
    assert made["cross_sequence"].objective.neighbours is by_text.prefix_neighbors
    assert isinstance(made["cross_sequence"].objective.synthesis, Synthesis)
    learned = config(cross_sequence={"neighbors": "learned"}, intra_sequence={"substitutes": "learned"})
    made = make_contrastive(learned.objectives, context(None, by_vectors))
    assert made["cross_sequence"].objective.neighbours is by_vectors.prefix_neighbors
    assert made["cross_sequence"].objective.embeddings.table is by_vectors.prefix_embeddings
    assert (learned.objectives.semantic, learned.objectives.learned) == (False, True)
    by_chance = config(
        cross_sequence={"neighbors": "random", "synthesis": "mean"}, intra_sequence={"substitutes": "random"}
    )
    made = make_contrastive(by_chance.objectives, context(by_text))
    assert isinstance(made["cross_sequence"].objective.neighbours, AnyPrefixes)
    assert isinstance(made["cross_sequence"].objective.synthesis, Mean)
    assert made["intra_sequence"].objective.substitutes == AnyItems(ITEMS)
    assert (by_chance.objectives.semantic, by_chance.objectives.learned) == (True, False)
    with pytest.raises(InputError, match="neighbours that are learned are wanted"):
        make_contrastive(learned.objectives, context(by_text))


def test_a_loss_that_is_off_asks_for_no_neighbours() -> None:
    off = config(cross_sequence={"weight": 0, "neighbors": "learned"}, intra_sequence={"substitutes": "random"})
    assert not off.objectives.semantic
    assert not off.objectives.learned
    assert set(make_contrastive(off.objectives, context(None))) == {"intra_sequence"}


def test_a_weight_of_zero_switches_an_objective_off() -> None:
    without_cross = make_objective(config(cross_sequence={"weight": 0}), ITEMS, TRAINING, semantic=index())
    assert set(without_cross.contrastive) == {"intra_sequence"}
    assert not make_plain_objective(config(), ITEMS, walks().training).contrastive


def test_the_plain_backbone_starts_from_the_same_weights_as_the_one_with_losses() -> None:
    """So that a comparison is of the losses."""
    plain = make_plain_objective(config(), ITEMS, walks().training)
    whole = make_objective(config(), ITEMS, TRAINING, semantic=index())
    for (name, one), other in zip(
        plain.backbone.state_dict().items(), whole.backbone.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other), name


def test_building_leaves_the_global_generator_as_it_was() -> None:
    torch.manual_seed(1)
    expected = torch.randn(3)
    torch.manual_seed(1)
    make_objective(config(), ITEMS, TRAINING, semantic=index())
    assert torch.equal(torch.randn(3), expected)
