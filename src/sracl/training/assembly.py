"""From a configuration to what is trained: the backbone and its objectives."""

from sracl.backbones import BACKBONES, Backbone
from sracl.config import BackboneConfig, ObjectivesConfig, RunConfig
from sracl.objectives.cross_sequence import CrossSequence
from sracl.objectives.intra_sequence import IntraSequence
from sracl.objectives.training_objective import TrainingObjective, Weighted
from sracl.semantics.index import SemanticIndex
from sracl.training.loop import built_from_seed


def make_backbone(config: BackboneConfig, item_count: int, max_length: int) -> Backbone:
    """The backbone that `config.name` names, with fresh weights."""
    settings = config.model_dump(exclude={"name"})
    return BACKBONES[config.name](item_count=item_count, max_length=max_length, **settings)


def make_contrastive(config: ObjectivesConfig, dimension: int, index: SemanticIndex) -> dict[str, Weighted]:
    """The contrastive objectives of weight above 0, by the name that losses and logs show."""
    cross, intra = config.cross_sequence, config.intra_sequence
    made: dict[str, Weighted] = {}
    if cross.weight > 0:
        objective = CrossSequence(
            index.pool, index.prefix_neighbors, index.prefix_embeddings, dimension, cross.temperature, cross.dropout
        )
        made["cross_sequence"] = Weighted(objective, cross.weight)
    if intra.weight > 0:
        made["intra_sequence"] = Weighted(
            IntraSequence(index.item_neighbors, intra.substitution, intra.temperature), intra.weight
        )
    return made


def make_objective(config: RunConfig, item_count: int, index: SemanticIndex | None) -> TrainingObjective:
    """What the run trains, with initial weights that depend on `config.seed` alone; without an index, no contrast."""

    def build() -> TrainingObjective:
        backbone = make_backbone(config.backbone, item_count, config.dataset.max_length)
        contrastive = make_contrastive(config.objectives, backbone.dimension, index) if index else {}
        return TrainingObjective(backbone, contrastive, config.objectives.anchors_per_row)

    return built_from_seed(config.seed, build)
