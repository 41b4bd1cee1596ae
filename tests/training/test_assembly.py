"""From a configuration to what is trained."""

import torch

from sracl.config import BackboneConfig, ObjectivesConfig, RunConfig
from sracl.datasets.prefixes import PrefixPool
from sracl.semantics.index import SemanticIndex
from sracl.semantics.retrieval import Exclusion, nearest
from sracl.training.assembly import make_backbone, make_contrastive, make_objective
from support.batches import unit_vectors
from support.small_training import ITEMS, LENGTH, walks


def index() -> SemanticIndex:
    pool = PrefixPool(walks().training, LENGTH)
    embeddings = unit_vectors(len(pool), 6)
    return SemanticIndex(
        pool,
        embeddings,
        nearest(unit_vectors(ITEMS, 6), 3, Exclusion.itself(ITEMS)),
        nearest(embeddings, 3, Exclusion.same_owner(pool.sequences.offsets)),
    )


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


def test_every_setting_of_the_objectives_reaches_them() -> None:
    settings = ObjectivesConfig.model_validate(
        {
            "cross_sequence": {"weight": 0.3, "temperature": 0.5, "dropout": 0.25},
            "intra_sequence": {"weight": 0.4, "temperature": 0.6, "substitution": 0.7},
        }
    )
    made = make_contrastive(settings, 8, index())
    cross, intra = made["cross_sequence"], made["intra_sequence"]
    assert (cross.weight, cross.objective.temperature, cross.objective.synthesis.dropout) == (0.3, 0.5, 0.25)
    assert (intra.weight, intra.objective.temperature, intra.objective.substitution) == (0.4, 0.6, 0.7)


def test_a_weight_of_zero_switches_an_objective_off() -> None:
    without_cross = make_objective(config(cross_sequence={"weight": 0}), ITEMS, index())
    assert set(without_cross.contrastive) == {"intra_sequence"}
    assert not make_objective(config(), ITEMS, None).contrastive


def test_the_plain_backbone_starts_from_the_same_weights_as_the_one_with_losses() -> None:
    """So that a comparison is of the losses."""
    plain = make_objective(config(), ITEMS, None)
    whole = make_objective(config(), ITEMS, index())
    for (name, one), other in zip(
        plain.backbone.state_dict().items(), whole.backbone.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other), name


def test_building_leaves_the_global_generator_as_it_was() -> None:
    torch.manual_seed(1)
    expected = torch.randn(3)
    torch.manual_seed(1)
    make_objective(config(), ITEMS, index())
    assert torch.equal(torch.randn(3), expected)
