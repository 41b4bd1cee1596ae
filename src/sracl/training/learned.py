"""Neighbours by the vectors of a trained backbone: what retrieval by texts is compared with in ablations."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from sracl.backbones.base import Backbone
from sracl.backbones.scorer import BackboneScorer
from sracl.config import RunConfig
from sracl.datasets.prefixes import PrefixPool
from sracl.semantics import index
from sracl.semantics.index import SemanticIndex
from sracl.semantics.prefix_neighbors import prefix_neighbors
from sracl.semantics.retrieval import Exclusion
from sracl.semantics.search import configured_search

PREFIXES_A_BLOCK = 4096


def learned_index(backbone: Backbone, pool: PrefixPool, config: RunConfig) -> SemanticIndex:
    """What the semantic stages leave, with f(p) in the place of e_p and the item vectors in that of e_i.

    The search, its k and the exclusions are those of the configuration, so that nothing but the vectors differs.
    """
    scorer = BackboneScorer(backbone)
    blocks = np.split(np.arange(len(pool)), range(PREFIXES_A_BLOCK, len(pool), PREFIXES_A_BLOCK))
    states = [scorer.factors(pool.items(numbers))[0].cpu() for numbers in blocks]
    prefixes = _unit(torch.cat(states))
    items = _unit(backbone.item_table.detach().float().cpu())
    search = configured_search(config.semantics)
    return SemanticIndex(
        pool=pool,
        prefix_embeddings=prefixes,
        item_neighbors=search(items, exclusion=Exclusion.itself(len(items))).neighbours,
        prefix_neighbors=prefix_neighbors(prefixes, pool, config).neighbours,
    )


def save_learned(found: SemanticIndex, folder: Path) -> None:
    """Write the index's three arrays, under the names that they have in `semantics/`."""
    index.write_array(folder / index.PREFIX_EMBEDDINGS, found.prefix_embeddings)
    index.write_array(folder / index.ITEM_NEIGHBORS, found.item_neighbors)
    index.write_array(folder / index.PREFIX_NEIGHBORS, found.prefix_neighbors)


def load_learned(folder: Path, pool: PrefixPool, item_count: int) -> SemanticIndex:
    """Open what `save_learned` wrote, memory-mapped. Raises SraclError where it does not fit the data."""
    return SemanticIndex(
        pool=pool,
        prefix_embeddings=index.open_array(folder / index.PREFIX_EMBEDDINGS, len(pool)),
        item_neighbors=index.open_array(folder / index.ITEM_NEIGHBORS, item_count),
        prefix_neighbors=index.open_array(folder / index.PREFIX_NEIGHBORS, len(pool)),
    )


def _unit(vectors: Float[Tensor, "n d"]) -> NDArray[np.float32]:
    return functional.normalize(vectors, dim=1).numpy()
