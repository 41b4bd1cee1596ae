"""Baselines without training: what any model has to beat. A new one is a file here and a line in `BASELINES`."""

from sracl.evaluation.baselines.base import Baseline, BaselineData
from sracl.evaluation.baselines.ease import EASE
from sracl.evaluation.baselines.item_knn import ItemKNN
from sracl.evaluation.baselines.markov import Markov
from sracl.evaluation.baselines.popularity import Popularity
from sracl.evaluation.baselines.random_order import RandomOrder
from sracl.evaluation.baselines.repeat_last import RepeatLast
from sracl.evaluation.baselines.text_similarity import TextSimilarity
from sracl.evaluation.baselines.transition_graph import TransitionGraph

BASELINES: dict[str, type[Baseline]] = {
    "random": RandomOrder,
    "popularity": Popularity,
    "repeat-last": RepeatLast,
    "item-knn": ItemKNN,
    "markov": Markov,
    "ease": EASE,
    "text-similarity": TextSimilarity,
    "transition-graph": TransitionGraph,
}

__all__ = [
    "BASELINES",
    "EASE",
    "Baseline",
    "BaselineData",
    "ItemKNN",
    "Markov",
    "Popularity",
    "RandomOrder",
    "RepeatLast",
    "TextSimilarity",
    "TransitionGraph",
]
