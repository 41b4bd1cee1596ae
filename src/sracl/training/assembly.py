"""From a configuration to what is trained: the backbone and its objectives."""

from sracl.backbones import BACKBONES, Backbone
from sracl.backbones.behaviour import check_behaviour
from sracl.backbones.named import import_backbone, is_own, own_settings
from sracl.config import BackboneConfig, RunConfig
from sracl.errors import InputError
from sracl.objectives.chance import AnyItems, AnyPrefixes
from sracl.objectives.cross_sequence import CrossSequence
from sracl.objectives.intra_sequence import IntraSequence
from sracl.objectives.training_objective import TrainingObjective, Weighted
from sracl.semantics.index import SemanticIndex
from sracl.semantics.pool import exclusion
from sracl.training.loop import built_from_seed


def make_backbone(
    config: BackboneConfig, item_count: int, max_length: int, own: type[Backbone] | None = None
) -> Backbone:
    """The backbone that `config.name` names, with fresh weights.

    own: the class, where the name is that of a backbone of one's own; nothing is imported here. Raises InputError
    where it is missing, or where it does not do what a backbone must.
    """
    settings = config.model_dump(exclude={"name"})
    if not is_own(config.name):
        return BACKBONES[config.name](item_count=item_count, max_length=max_length, **settings)
    if own is None:
        raise InputError(f"{config.name} is a backbone of somebody's own: pass its class")
    settings = own_settings(config.name, own, settings)
    try:
        made = own(item_count=item_count, max_length=max_length, **settings)
    except Exception as error:
        told = " ".join(f"{type(error).__name__}: {error}".split())
        raise InputError(f"{config.name} cannot be built from {settings}: {told}") from error
    check_behaviour(made)
    return made


def with_own_backbone(config: RunConfig, own: type[Backbone] | None = None) -> tuple[RunConfig, type[Backbone] | None]:
    """The configuration with the defaults of a backbone of one's own filled in, and its class; None for a known one.

    own: the class; None imports what `config.backbone.name` names, which runs that code. Raises InputError for what
    is no backbone, and for settings that it does not have.
    """
    name = config.backbone.name
    if not is_own(name):
        return config, None
    own = own or import_backbone(name)
    settings = own_settings(name, own, config.backbone.model_dump(exclude={"name"}))
    return config.model_copy(update={"backbone": BackboneConfig.model_validate({"name": name} | settings)}), own


def make_contrastive(
    config: RunConfig, dimension: int, index: SemanticIndex | None, learned: SemanticIndex | None = None
) -> dict[str, Weighted]:
    """The contrastive objectives of weight above 0, by the name that losses and logs show.

    index: neighbours by texts; learned: by a trained backbone's vectors. Only what the settings ask for must be given.
    """
    cross, intra = config.objectives.cross_sequence, config.objectives.intra_sequence
    made: dict[str, Weighted] = {}
    if cross.weight > 0:
        found = _given(learned if cross.neighbors == "learned" else index, cross.neighbors)
        any_prefixes = AnyPrefixes(exclusion(found.pool, config.protocol), found.prefix_neighbors.shape[1])
        objective = CrossSequence(
            found.pool,
            any_prefixes if cross.neighbors == "random" else found.prefix_neighbors,
            found.prefix_embeddings,
            dimension,
            cross.temperature,
            cross.dropout,
            cross.shared_rows,
            cross.synthesis == "learned",
        )
        made["cross_sequence"] = Weighted(objective, cross.weight)
    if intra.weight > 0:
        found = _given(learned if intra.substitutes == "learned" else index, intra.substitutes)
        substitutes = AnyItems(len(found.item_neighbors)) if intra.substitutes == "random" else found.item_neighbors
        made["intra_sequence"] = Weighted(
            IntraSequence(substitutes, intra.substitution, intra.temperature), intra.weight
        )
    return made


def _given(index: SemanticIndex | None, source: str) -> SemanticIndex:
    if index is None:
        raise InputError(f"neighbours that are {source} are wanted, but no such index is given")
    return index


def make_objective(
    config: RunConfig,
    item_count: int,
    index: SemanticIndex | None,
    own: type[Backbone] | None = None,
    learned: SemanticIndex | None = None,
) -> TrainingObjective:
    """What the run trains, with initial weights that depend on `config.seed` alone; without an index, no contrast.

    own: as in `make_backbone`; index, learned: as in `make_contrastive`.
    """

    def build() -> TrainingObjective:
        backbone = make_backbone(config.backbone, item_count, config.dataset.max_length, own)
        contrastive = make_contrastive(config, backbone.dimension, index, learned) if index or learned else {}
        return TrainingObjective(backbone, contrastive, config.objectives.anchors_per_row)

    return built_from_seed(config.seed, build)
