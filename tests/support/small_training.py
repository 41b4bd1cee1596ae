"""A small objective with every part, and a split to train it on, in memory."""

import numpy as np

from sracl.backbones import SASRec
from sracl.config import RunConfig, TrainingConfig
from sracl.datasets.prefixes import PrefixPool
from sracl.datasets.sequences import Sequences
from sracl.datasets.splits import Split, leave_one_out
from sracl.objectives.cross_sequence import CrossSequence
from sracl.objectives.intra_sequence import IntraSequence
from sracl.objectives.training_objective import TrainingObjective, Weighted
from sracl.semantics.index import SemanticIndex
from sracl.semantics.retrieval import Exclusion, nearest
from sracl.training.assembly import make_objective
from sracl.training.loop import built_from_seed
from support.batches import unit_vectors

ITEMS, LENGTH, WIDTH = 24, 8, 8


def walks(users: int = 60, seed: int = 0) -> Split:
    """Histories that mostly step to the next item, so that there is something to learn."""
    random = np.random.default_rng(seed)
    lengths = random.integers(5, 14, users)
    steps = np.where(random.random(lengths.sum()) < 0.9, 1, random.integers(0, ITEMS, lengths.sum()))
    items = np.cumsum(steps) % ITEMS
    return leave_one_out(Sequences.from_sorted(np.repeat(np.arange(users), lengths), items, users))


def small_objective(split: Split, seed: int = 0) -> TrainingObjective:
    """SASRec of width 8 with dropout and both contrastive losses."""
    pool = PrefixPool(split.training, LENGTH)
    embeddings = unit_vectors(len(pool), 6)
    neighbours = nearest(embeddings, 3, Exclusion.same_owner(pool.sequences.offsets))
    of_items = nearest(unit_vectors(ITEMS, 6), 3, Exclusion.itself(ITEMS))

    def build() -> TrainingObjective:
        return TrainingObjective(
            SASRec(ITEMS, WIDTH, LENGTH, layers=1, heads=2, dropout=0.2),
            {
                "cross_sequence": Weighted(CrossSequence(pool, neighbours, embeddings, WIDTH), 0.1),
                "intra_sequence": Weighted(IntraSequence(of_items), 0.1),
            },
        )

    return built_from_seed(seed, build)


def objective_with(name: str, split: Split, **section: object) -> TrainingObjective:
    """The same SASRec with one contrastive objective, of weight 0.5, whose section says the rest."""
    pool = PrefixPool(split.training, LENGTH)
    embeddings = unit_vectors(len(pool), 6)
    index = SemanticIndex(
        pool,
        embeddings,
        nearest(unit_vectors(ITEMS, 6), 3, Exclusion.itself(ITEMS)),
        nearest(embeddings, 3, Exclusion.same_owner(pool.sequences.offsets)),
        unit_vectors(ITEMS, 6),
    )
    off = {"cross_sequence": {"weight": 0}, "intra_sequence": {"weight": 0}}
    values = {
        "dataset": {"name": "ml-100k", "max_length": LENGTH},
        "backbone": {"dimension": WIDTH, "layers": 1, "dropout": 0.2},
        "objectives": off | {name: {"weight": 0.5, **section}},
    }
    return make_objective(RunConfig.model_validate(values), ITEMS, split.training, semantic=index)


def settings(**changes: object) -> TrainingConfig:
    """Four epochs on the processor; changes replace."""
    values = {"epochs": 4, "learning_rate": 0.01, "targets_per_step": 60, "device": "cpu"} | changes
    return TrainingConfig.model_validate(values)
