"""The cross-sequence loss: a prefix agrees with the synthesis of like-minded users' prefixes."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from sracl.backbones.rows import Rows
from sracl.datasets.prefixes import PrefixPool
from sracl.datasets.sequences import Int64, Sequences
from sracl.objectives.batch import Batch
from sracl.objectives.chance import AnyPrefixes
from sracl.objectives.context import Need, ObjectiveContext, Source
from sracl.objectives.contrastive import ContrastiveObjective, Drawn, Temperature
from sracl.objectives.embedding_rows import EmbeddingRows
from sracl.objectives.info_nce import info_nce
from sracl.objectives.synthesis import Mean, Synthesis
from sracl.semantics.pool import exclusion

Neighbours = Annotated[
    Source, Field(description="by texts, by a trained plain backbone's vectors, or any, drawn every step")
]
SynthesisDropout = Annotated[float, Field(ge=0, lt=1, description="on the synthesis weights")]
SynthesisKind = Annotated[Literal["learned", "mean"], Field(description="weights of the neighbours")]
SharedRows = Annotated[
    bool, Field(description="neighbours with the same beginning are read in one row, see docs/method.md")
]


@dataclass(eq=False)
class DrawnNeighbours(Drawn):
    """What the cross-sequence loss drew; `S` neighbours survived the synthesis dropout.

    used: `[A']`, the anchors that have neighbours, as indices into the anchors; users: `[A']`, their users.
    numbers: `[A']`, the anchors' numbers in the pool; neighbours: `[A', k]`, those of their neighbours, -1 for none.
    kept: `[A', k]`, the survivors; owners: `[S]`, the anchor of each, as an index into `used`.
    rows: the S survivors' items; ends: `[S]`, the place in them where each survivor ends, in the order of `kept`'s true
    cells.
    """

    used: Int[Tensor, "U"]
    users: Int[Tensor, "U"]
    numbers: Int[Tensor, "U"]
    neighbours: Int[Tensor, "U k"]
    kept: Bool[Tensor, "U k"]
    owners: Int[Tensor, "S"]
    ends: Int[Tensor, "S"]

    @property
    def places(self) -> Int[Tensor, "S"]:
        """Where the survivors end."""
        return self.ends

    @property
    def present(self) -> Bool[Tensor, "U k"]:
        """Where there is a neighbour."""
        return self.neighbours >= 0


class CrossSequence(ContrastiveObjective[DrawnNeighbours]):
    """InfoNCE between f(p) and z_p = sum_q a_pq f(q) over the retrieved neighbours q of prefix p (SRA-CL, eq. 10).

    The synthesis dropout is drawn before anything is encoded, so that only survivors are: half of the cost.

    Neighbours come from few users, often several prefixes of one: these share a row, which is read once.

    pool: numbers the prefixes. neighbours: int32 `[P, k]`, -1 where there are fewer. embeddings: float32 `[P, D]`.
    Both arrays may be memory-mapped: a step reads the rows that it needs.
    For ablations, `neighbours` may be `AnyPrefixes`, and `synthesis` "mean" gives all neighbours equal weights.
    shared_rows: whether prefixes share rows, as those of the batch do: where a backbone counts positions from a row's
    end, a prefix's depend on its row, and of one of more than `max_length` items the oldest may be missing. Otherwise
    each neighbour is a row of its own, which costs some two fifths more tokens.
    """

    title: ClassVar[str] = "SRA-CL"
    on_by_default: ClassVar[bool] = True
    semantic: ClassVar[bool] = True

    @classmethod
    def of(cls, context: ObjectiveContext, neighbors: Neighbours = "semantic", **settings: Any) -> "CrossSequence":
        """The loss over the neighbours of this source; random ones are weighted by their texts like others."""
        index = context.index(neighbors)
        found: NDArray[np.int32] | AnyPrefixes = index.prefix_neighbors
        if neighbors == "random":
            found = AnyPrefixes(exclusion(index.pool, context.protocol), index.prefix_neighbors.shape[1])
        return cls(index.pool, found, index.prefix_embeddings, context.dimension, **settings)

    @classmethod
    def needs(cls, neighbors: Source = "semantic", **settings: Any) -> frozenset[Need]:
        """Texts, but for learned neighbours."""
        return frozenset({"learned" if neighbors == "learned" else "semantic"})

    def __init__(
        self,
        pool: PrefixPool,
        neighbours: NDArray[np.int32] | AnyPrefixes,
        embeddings: NDArray[np.float32],
        dimension: int,
        temperature: Temperature = 1.0,
        dropout: SynthesisDropout = 0.5,
        synthesis: SynthesisKind = "learned",
        shared_rows: SharedRows = True,
    ) -> None:
        super().__init__()
        self.pool = pool
        self.neighbours = neighbours
        self.embeddings = EmbeddingRows(embeddings)
        self.temperature = temperature
        self.shared_rows = shared_rows
        learned = synthesis == "learned"
        self.synthesis = Synthesis(embeddings.shape[1], dimension, dropout) if learned else Mean(dropout)

    def draw(self, batch: Batch, anchors: Int[Tensor, "A"], generator: torch.Generator) -> DrawnNeighbours:
        """Look the anchors' neighbours up and draw which of them the synthesis keeps."""
        users = batch.users_at(anchors)
        numbers = batch.prefixes_at(anchors, self.pool)
        neighbours = self._neighbours_of(numbers, generator)
        used = torch.nonzero((neighbours >= 0).any(dim=1)).squeeze(1)
        neighbours = neighbours[used]
        kept = neighbours >= 0
        if self.training and self.synthesis.dropout > 0:
            kept &= torch.rand(kept.shape, generator=generator) >= self.synthesis.dropout
        rows, ends = self._rows(neighbours[kept].numpy())
        return DrawnNeighbours(
            rows=Rows(torch.from_numpy(rows.values).long(), torch.from_numpy(rows.lengths)),
            ends=torch.from_numpy(ends),
            used=used,
            users=users[used],
            numbers=torch.from_numpy(numbers)[used],
            neighbours=neighbours,
            kept=kept,
            owners=torch.nonzero(kept)[:, 0],
        )

    def _neighbours_of(self, numbers: Int64, generator: torch.Generator) -> Int[Tensor, "n k"]:
        if isinstance(self.neighbours, AnyPrefixes):
            return self.neighbours.of(torch.from_numpy(numbers), generator)
        return torch.from_numpy(np.asarray(self.neighbours[numbers], dtype=np.int64))

    def _rows(self, survivors: Int64) -> tuple[Sequences, Int64]:
        """Rows that hold these prefixes, and the place where each ends."""
        if self.shared_rows:
            return self.pool.shared_rows(survivors)
        rows = self.pool.items(survivors)
        return rows, rows.offsets[1:] - 1

    def loss(
        self, anchor_states: Float[Tensor, "A d"], encoded: Float[Tensor, "S d"], drawn: DrawnNeighbours
    ) -> Float[Tensor, ""]:
        """InfoNCE between the anchors that have neighbours and their syntheses."""
        own = anchor_states[drawn.used]
        anchors = self.embeddings.of(drawn.numbers, own.dtype)
        neighbours = self.embeddings.of(drawn.neighbours.clamp(min=0), own.dtype)
        weights = self.synthesis(anchors, neighbours, drawn.present, drawn.kept)
        survivors = (weights[drawn.kept][:, None] * encoded).to(own.dtype)
        synthesised = torch.zeros_like(own).index_add(0, drawn.owners, survivors)
        return info_nce(own, synthesised, drawn.users, self.temperature)
