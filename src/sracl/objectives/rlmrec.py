"""RLMRec's contrastive alignment: states and item vectors agree with what texts say about users and items."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from sracl.backbones.rows import Rows
from sracl.datasets.prefixes import PrefixPool
from sracl.errors import InputError
from sracl.objectives.batch import Batch
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.contrastive import ContrastiveObjective, Drawn, Temperature
from sracl.objectives.embedding_rows import EmbeddingRows
from sracl.objectives.info_nce import same
from sracl.objectives.processes import of_all_processes


@dataclass(eq=False)
class DrawnTexts(Drawn):
    """What a step compares: anchors, and the items that follow them.

    users: `[A]`, the anchors' users; numbers: `[A]`, theirs in the pool. following: `[I]`, each such item once. rows:
    none.
    """

    users: Int[Tensor, "A"]
    numbers: Int[Tensor, "A"]
    following: Int[Tensor, "I"]

    @property
    def items(self) -> Int[Tensor, "I"]:
        """The items that follow the anchors."""
        return self.following


class RLMRec(ContrastiveObjective[DrawnTexts]):
    """Mean of `-log(exp(cos(e_v, m(s_v)) / t) / sum_w exp(cos(e_v, m(s_w)) / t))`, over users plus over items.

    RLMRec-Con (Ren et al., WWW 2024). s_v is the embedding of v's text, m one network for both kinds with a hidden
    layer of (D + d) / 2 LeakyReLU units; w runs over v and the others of its kind in the step. A user is a prefix p
    with e_p = f(p), an item one that follows an anchor, with the vector that states are compared with. Prefixes of the
    same user are left out of w. There users are compared with all users' texts, and items drawn as negatives take part.
    """

    title: ClassVar[str] = "RLMRec"
    usual_weight: ClassVar[float] = 0.01
    semantic: ClassVar[bool] = True

    @classmethod
    def of(cls, context: ObjectiveContext, **settings: Any) -> "RLMRec":
        """The loss over the texts' embeddings. Raises InputError where those of the items are not given."""
        index = context.index("semantic")
        if index.item_embeddings is None:
            raise InputError("rlmrec needs the embeddings of the items' texts, but only neighbours are given")
        return cls(index.pool, index.prefix_embeddings, index.item_embeddings, context.dimension, **settings)

    def __init__(
        self,
        pool: PrefixPool,
        prefix_embeddings: NDArray[np.float32],
        item_embeddings: NDArray[np.float32],
        dimension: int,
        temperature: Temperature = 0.2,
    ) -> None:
        super().__init__()
        self.pool = pool
        self.prefix_embeddings, self.item_embeddings = EmbeddingRows(prefix_embeddings), EmbeddingRows(item_embeddings)
        self.temperature = temperature
        wide = item_embeddings.shape[1]
        hidden = (wide + dimension) // 2
        self.mapping = nn.Sequential(nn.Linear(wide, hidden), nn.LeakyReLU(), nn.Linear(hidden, dimension))

    def draw(self, batch: Batch, anchors: Int[Tensor, "A"], generator: torch.Generator) -> DrawnTexts:
        """Whose embeddings are compared; nothing is drawn."""
        return DrawnTexts(
            rows=Rows(torch.empty(0, dtype=torch.long), torch.empty(0, dtype=torch.long)),
            users=batch.users_at(anchors),
            numbers=torch.from_numpy(batch.prefixes_at(anchors, self.pool)),
            following=batch.targets[anchors].unique(),
        )

    def loss(
        self, anchor_states: Float[Tensor, "A d"], encoded: Float[Tensor, "I d"], drawn: DrawnTexts
    ) -> Float[Tensor, ""]:
        """The alignment of the anchors plus that of the items that follow them."""
        of_prefixes = self.mapping(self.prefix_embeddings.of(drawn.numbers, anchor_states.dtype))
        of_items = self.mapping(self.item_embeddings.of(drawn.following, anchor_states.dtype))
        users = alignment(anchor_states, of_prefixes, drawn.users, self.temperature)
        return users + alignment(encoded, of_items, drawn.following, self.temperature)


def alignment(
    vectors: Float[Tensor, "B d"], texts: Float[Tensor, "B d"], owners: Int[Tensor, "B"], temperature: float
) -> Float[Tensor, ""]:
    """Mean cross entropy of finding each vector's own text among the step's, by cosine; 0 for none.

    Texts of the same owner are not compared. Where several processes share a step, B counts the vectors of all.
    """
    vectors, texts, owners = of_all_processes(vectors), of_all_processes(texts), of_all_processes(owners)
    if len(vectors) == 0:
        return vectors.sum() + texts.sum()
    own = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    similarity = functional.normalize(vectors, dim=1) @ functional.normalize(texts, dim=1).T / temperature
    left_out = same(owners) & ~own
    return functional.cross_entropy(
        similarity.masked_fill(left_out, float("-inf")), torch.arange(len(vectors), device=vectors.device)
    )
