"""From data frames to a trained recommender in one call, without any file."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sracl.backbones.base import Backbone
from sracl.backbones.named import named_section
from sracl.config import RunConfig, make_config
from sracl.datasets.build import Frame, build_dataset
from sracl.datasets.dataset import Dataset
from sracl.datasets.splits import Split, make_split
from sracl.datasets.tables import Columns
from sracl.engines import LOCAL, Engine, open_engine
from sracl.item_embeddings import Texts
from sracl.recommender import Recommender
from sracl.semantics.embeddings import embed_prefixes, embed_profiles, embed_texts
from sracl.semantics.encoders import ConfiguredEncoder
from sracl.semantics.index import SemanticIndex, items_in_order, profiles_in_order
from sracl.semantics.prefix_neighbors import prefix_neighbors
from sracl.semantics.retrieval import Exclusion
from sracl.semantics.search import configured_search
from sracl.semantics.stages import pool_of
from sracl.semantics.writers import make_writer
from sracl.training.assembly import (
    make_objective,
    make_plain_objective,
    make_pretraining,
    pretraining_settings,
    with_own_backbone,
)
from sracl.training.learned import learned_index
from sracl.training.loop import pretrain, train
from sracl.training.watching import Watcher
from sracl.transition_memory import configured_memory


def fit(
    interactions: Frame,
    items: Frame | None = None,
    *,
    user: str = "user_id",
    item: str = "item_id",
    time: str | None = "timestamp",
    text: Sequence[str] | None = None,
    backbone: Mapping[str, Any] | type[Backbone] | None = None,
    watcher: Watcher | None = None,
    **settings: Any,
) -> Recommender:
    """Train SRA-CL on a frame of interactions and a frame of items, both Polars or pandas, or paths.

    Without `items` nothing that needs texts is trained: there is nothing to retrieve by.

    user, item, time: columns of the interactions (time None: their order); text: columns of `items` that describe an
    item, None taking all text columns. watcher: is told of steps and epochs.
    backbone: its section of the configuration, such as `{"name": "gru4rec", "dimension": 32}`, or a class of your own,
    `MyBackbone` or `{"name": MyBackbone, "dimension": 32}`.
    settings: the other sections as dicts, such as `training={"epochs": 20}`, `seed=1`,
    `dataset={"min_interactions": 1}`; defaults fill the rest.

    Raises InputError for bad data or settings, SraclError where training fails.
    """
    section, own = named_section(backbone)
    given = settings | {"backbone": section, "dataset": {"name": "frame"} | settings.get("dataset", {})}
    config, own = with_own_backbone(make_config(given, "the settings"), own)
    dataset, _ = build_dataset(
        interactions,
        items,
        Columns(user, item, time, tuple(text) if text is not None else None),
        min_interactions=config.dataset.min_interactions,
        repeats=config.dataset.repeats,
        domain=config.semantics.domain,
    )
    split = make_split(dataset, config.dataset.split)
    config = config.for_data(bool(dataset.text_columns))
    texts = semantic = None
    with open_engine(config) as engine:
        if config.trains_on_texts:
            texts = embed_items(dataset, split, config, engine)
        if config.objectives.semantic and texts is not None:
            semantic = build_index(dataset, split, config, texts, engine)
    learned = None
    if config.objectives.learned:
        plain = train(
            make_plain_objective(config, dataset.item_count, split.training, own), split, config.training, config.seed
        )
        learned = learned_index(plain.objective.backbone, pool_of(split, config), config)
    objective = make_objective(
        config, dataset.item_count, split.training, semantic=semantic, learned=learned, texts=texts, own=own
    )
    if config.pretraining.switched_on:
        pretraining = make_pretraining(config, dataset, split.training, own, texts)
        pretrain(pretraining, split, pretraining_settings(config), config.seed, watcher=watcher)
        objective.backbone.load_state_dict(pretraining.backbone.state_dict())
    trained = train(objective, split, config.training, config.seed, watcher=watcher)
    recommender = Recommender(trained.objective.backbone, config.backbone, dataset, config.item_embedding)
    remembered = configured_memory(config.transition_memory, recommender.alone, split, dataset.item_count)
    return replace(recommender, memory=remembered.memory)


def embed_items(dataset: Dataset, split: Split, config: RunConfig, engine: Engine = LOCAL) -> Texts:
    """Embeddings of the items' texts, as the configured writer and encoder give them."""
    writer = make_writer(config.semantics, engine=engine)
    described = items_in_order(writer.describe_items(dataset, pool_of(split, config)), dataset)
    encoder = ConfiguredEncoder(config.semantics.encoder)
    return embed_texts(described["text"], encoder, engine=encoder.among(engine))


def build_index(
    dataset: Dataset, split: Split, config: RunConfig, items: Texts | None = None, engine: Engine = LOCAL
) -> SemanticIndex:
    """The semantic index in memory: what the stages describe, embed and neighbors leave on disk.

    items: the embeddings of the items' texts, None to make them here.
    """
    items = embed_items(dataset, split, config, engine) if items is None else items
    pool = pool_of(split, config)
    writer = make_writer(config.semantics, engine=engine)
    prefixes = embed_prefixes(pool, items)
    profiles = profiles_in_order(writer.write_profiles(dataset, pool), dataset, pool)
    encoder = ConfiguredEncoder(config.semantics.encoder)
    embed_profiles(profiles, prefixes, encoder, engine=encoder.among(engine))
    search = configured_search(config.semantics, engine)
    return SemanticIndex(
        pool=pool,
        prefix_embeddings=prefixes,
        item_neighbors=search(items, exclusion=Exclusion.itself(len(items))).neighbours,
        prefix_neighbors=prefix_neighbors(prefixes, pool, config, engine=engine).neighbours,
        item_embeddings=items,
    )
