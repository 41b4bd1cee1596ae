"""From a configuration to what is trained: the backbone and its objectives."""

from sracl.backbones import BACKBONES, Backbone
from sracl.backbones.behaviour import check_behaviour
from sracl.backbones.named import import_backbone, is_own, own_settings
from sracl.config import BackboneConfig, NextItemConfig, ObjectivesConfig, RunConfig, TrainingConfig
from sracl.datasets.dataset import Dataset
from sracl.datasets.sequences import Sequences
from sracl.errors import InputError
from sracl.item_embeddings import Texts, with_item_vectors
from sracl.objectives import OBJECTIVES
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.next_item import NEXT_ITEM_LOSSES, NextItemLoss
from sracl.objectives.training_objective import TrainingObjective, Weighted
from sracl.pretraining.attributes import Attributes
from sracl.pretraining.s3rec import S3Rec
from sracl.semantics.index import SemanticIndex
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


def make_contrastive(config: ObjectivesConfig, context: ObjectiveContext) -> dict[str, Weighted]:
    """The contrastive objectives of weight above 0, by the name that losses and logs show.

    Raises InputError where an index that one of them needs is not in the context.
    """
    return {
        name: Weighted(OBJECTIVES[name].of(context, **section.settings), section.weight)
        for name, section in config.switched_on.items()
    }


def make_next_item_loss(config: NextItemConfig, context: ObjectiveContext) -> NextItemLoss:
    """The configured loss of the next item. Raises InputError where the data do not allow its settings."""
    return NEXT_ITEM_LOSSES[config.loss].of(context, **config.settings)


def make_objective(
    config: RunConfig,
    item_count: int,
    training: Sequences,
    *,
    semantic: SemanticIndex | None = None,
    learned: SemanticIndex | None = None,
    texts: Texts | None = None,
    own: type[Backbone] | None = None,
) -> TrainingObjective:
    """What the run trains, with initial weights that depend on `config.seed` alone.

    training: every user's training items. semantic, learned: neighbours by texts, and by a trained backbone's vectors;
    texts: embeddings of the items' texts. Only what the settings ask for must be given. own: as in `make_backbone`.
    """

    def build() -> TrainingObjective:
        backbone = make_backbone(config.backbone, item_count, config.dataset.max_length, own)
        backbone = with_item_vectors(backbone, config.item_embedding, texts)
        context = ObjectiveContext(
            item_count, backbone.dimension, backbone.max_length, training, semantic, learned, config.protocol
        )
        contrastive = make_contrastive(config.objectives, context)
        next_item = make_next_item_loss(config.objectives.next_item, context)
        return TrainingObjective(
            backbone, contrastive, config.objectives.anchors_per_row, next_item, config.objectives.warm_up
        )

    return built_from_seed(config.seed, build)


def make_plain_objective(
    config: RunConfig, item_count: int, training: Sequences, own: type[Backbone] | None = None
) -> TrainingObjective:
    """The backbone alone, with the initial weights, next-item loss and learned item vectors of `make_objective`."""

    def build() -> TrainingObjective:
        backbone = make_backbone(config.backbone, item_count, config.dataset.max_length, own)
        context = ObjectiveContext(item_count, backbone.dimension, backbone.max_length, training)
        return TrainingObjective(backbone, next_item=make_next_item_loss(config.objectives.next_item, context))

    return built_from_seed(config.seed, build)


def make_pretraining(
    config: RunConfig,
    dataset: Dataset,
    training: Sequences,
    own: type[Backbone] | None = None,
    texts: Texts | None = None,
) -> S3Rec:
    """What `config.pretraining` names, around a fresh backbone with the weights that it begins with otherwise too.

    Raises InputError for a backbone of one's own that does not read both ways, and for attributes that are not there.
    """
    settings = config.pretraining
    attributes = Attributes.of(dataset, settings.attributes, settings.separators)

    def build() -> S3Rec:
        backbone = make_backbone(config.backbone, dataset.item_count, config.dataset.max_length, own)
        backbone = with_item_vectors(backbone, config.item_embedding, texts)
        if not backbone.both_ways:
            raise InputError(
                f"pretraining.kind {settings.kind} hides items within a row, so that {config.backbone.name} must read "
                "both ways: give it `both_ways = True` and a method `encode_both_ways`"
            )
        return S3Rec(backbone, settings, training, attributes)

    return built_from_seed(config.seed, build)


def pretraining_settings(config: RunConfig) -> TrainingConfig:
    """The loop's settings for the pre-training: those of the training, but all of its own epochs."""
    epochs = config.pretraining.epochs
    return config.training.model_copy(update={"epochs": epochs, "patience": epochs})
