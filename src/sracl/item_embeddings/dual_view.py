"""The two views of LLM-ESR: adapted texts and a learned table, read by one backbone (Liu et al., NeurIPS 2024)."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor, nn

from sracl.backbones.attention import attention
from sracl.backbones.base import Backbone
from sracl.backbones.groups import groups_of
from sracl.backbones.item_vectors import ItemVectors
from sracl.backbones.parts import present
from sracl.config import ItemEmbeddingConfig
from sracl.errors import InputError
from sracl.item_embeddings.adapted import AdaptedTexts, adapted_texts
from sracl.item_embeddings.initialised import text_initialised


class TwoVectors(nn.Module):
    """Item vectors [e_semantic : e_collaborative], `[..., 2d]` (`ItemVectors`)."""

    def __init__(self, semantic: AdaptedTexts, collaborative: nn.Embedding) -> None:
        super().__init__()
        self.semantic = semantic
        self.collaborative = collaborative

    def forward(self, items: Int[Tensor, "*B"]) -> Float[Tensor, "*B w"]:
        """The vectors of some items."""
        return torch.cat([self.semantic(items), self.collaborative(items)], dim=-1)

    @property
    def weight(self) -> Float[Tensor, "R w"]:
        """The vectors of all items, then zeros."""
        return torch.cat([self.semantic.weight, self.collaborative.weight], dim=-1)


class CrossAttention(nn.Module):
    """Softmax(Q K^T / sqrt(d)) V with Q = S W_Q of one view and K = T W_K, V = T W_V of the other."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.query = nn.Linear(dimension, dimension, bias=False)
        self.key = nn.Linear(dimension, dimension, bias=False)
        self.value = nn.Linear(dimension, dimension, bias=False)
        for layer in (self.query, self.key, self.value):
            nn.init.xavier_uniform_(layer.weight)

    def forward(
        self, asking: Float[Tensor, "B T d"], asked: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"], causal: bool
    ) -> Float[Tensor, "B T d"]:
        """What every place of one view reads at the other: all items of its row, or those up to its own if `causal`."""
        visible = None if causal else present(lengths, asking.shape[1])[:, None, None]
        query, key, value = self.query(asking)[:, None], self.key(asked)[:, None], self.value(asked)[:, None]
        return attention(query, key, value, visible, 0.0)[:, 0]


class DualView(Backbone):
    """f(p) = [u_semantic : u_collaborative], both by the same `inner` backbone; scores are the sum of both products.

    With cross-attention each view's row is replaced by what it reads of that view for the other one's queries, before
    `inner` reads it: S'_co = CrossAttention(S_se, S_co) and S'_se = CrossAttention(S_co, S_se). An item's
    score is [e_se_j : e_co_j]^T [u_se : u_co] (LLM-ESR, dual-view modelling: both levels of its fusion).

    Where `inner` is causal so is the cross-attention, for one pass serves all prefixes of a row. (The authors' program
    lets it see whole rows, later items too, while it learns to predict these.)

    vectors: of width 2d. fusion: the cross-attention, or the rows as they are.
    """

    def __init__(self, inner: Backbone, vectors: ItemVectors, fusion: str) -> None:
        super().__init__(inner.item_count, 2 * inner.dimension, inner.max_length)
        if type(inner).scored_table is not Backbone.scored_table:
            raise InputError(
                f"{type(inner).__qualname__} has a `scored_table` of its own, which dual-view cannot double; "
                "let it have a method `scored` instead"
            )
        self.causal, self.both_ways = inner.causal, inner.both_ways
        self.item_embedding = vectors
        # Its rows come as vectors; a table that nothing asks would still be saved.
        del inner.item_embedding
        self.inner = inner
        self.semantic_asks, self.collaborative_asks = (
            CrossAttention(inner.dimension) if fusion == "cross-attention" else None for _ in range(2)
        )

    def scored(self, vectors: Float[Tensor, "R w"]) -> Float[Tensor, "R w"]:
        """Of each view what `inner` compares its states with."""
        return self._joined(self.inner.scored, vectors)

    def encode(self, embedded: Float[Tensor, "B T w"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T w"]:
        """Hidden states of padded rows."""
        return self._joined(self.inner.encode, self._fused(embedded, lengths), lengths)

    def encode_last(self, embedded: Float[Tensor, "B T w"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B w"]:
        """Hidden state of each padded row's last item."""
        return self._joined(self.inner.encode_last, self._fused(embedded, lengths), lengths)

    def encode_both_ways(self, embedded: Float[Tensor, "B T w"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T w"]:
        """Hidden states of padded rows, each from the whole row."""
        return self._joined(self.inner.encode_both_ways, self._fused(embedded, lengths, causal=False), lengths)

    def mask_vector(self) -> Float[Tensor, "w"] | None:
        """The mask of `inner`, in either view."""
        mask = self.inner.mask_vector()
        return None if mask is None else torch.cat([mask, mask])

    def encode_packed(self, embedded: Float[Tensor, "n w"], lengths: Int[Tensor, "R"]) -> Float[Tensor, "n w"]:
        """Hidden states of rows that stand one after another, of rising `lengths`."""
        return self._joined(self.inner.encode_packed, self._packed(embedded, lengths), lengths)

    def encode_packed_last(self, embedded: Float[Tensor, "n w"], lengths: Int[Tensor, "R"]) -> Float[Tensor, "R w"]:
        """Hidden state of the last item of each of these rows."""
        return self._joined(self.inner.encode_packed_last, self._packed(embedded, lengths), lengths)

    def encode_packed_at(
        self, embedded: Float[Tensor, "n w"], lengths: Int[Tensor, "R"], places: Int[Tensor, "E"]
    ) -> Float[Tensor, "E w"]:
        """Hidden states at some places of these rows."""
        return self._joined(self.inner.encode_packed_at, self._packed(embedded, lengths), lengths, places)

    def _joined(self, read: Callable[..., Tensor], both: Float[Tensor, "*B w"], *more: Tensor) -> Float[Tensor, "*C w"]:
        """What `read` gives for each view, side by side."""
        return torch.cat([read(view, *more) for view in both.chunk(2, dim=-1)], dim=-1)

    def _packed(self, embedded: Float[Tensor, "n w"], lengths: Int[Tensor, "R"]) -> Float[Tensor, "n w"]:
        if self.semantic_asks is None:
            return embedded
        return torch.cat([g.unpad(self._fused(g.pad(embedded), g.lengths)) for g in groups_of(lengths)])

    def _fused(
        self, embedded: Float[Tensor, "B T w"], lengths: Int[Tensor, "B"], causal: bool | None = None
    ) -> Float[Tensor, "B T w"]:
        if self.semantic_asks is None or self.collaborative_asks is None:
            return embedded
        semantic, collaborative = embedded.chunk(2, dim=-1)
        causal = self.causal if causal is None else causal
        of_collaborative = self.semantic_asks(semantic, collaborative, lengths, causal)
        of_semantic = self.collaborative_asks(collaborative, semantic, lengths, causal)
        return torch.cat([of_semantic, of_collaborative], dim=-1)


def dual_view(backbone: Backbone, texts: NDArray[np.float32], settings: ItemEmbeddingConfig) -> Backbone:
    """A `DualView` around the backbone, whose table, begun from texts too, becomes the collaborative view's."""
    semantic = adapted_texts(backbone, texts, settings.adapter or "two-linear", settings.whitening)
    collaborative = text_initialised(backbone, texts, settings).item_embedding
    assert isinstance(collaborative, nn.Embedding)
    return DualView(backbone, TwoVectors(semantic, collaborative), settings.fusion)


def empty_dual_view(backbone: Backbone, settings: ItemEmbeddingConfig) -> DualView:
    """A folded `DualView` whose weights are still to be loaded."""
    vectors = nn.Embedding(backbone.item_count + 1, 2 * backbone.dimension, padding_idx=backbone.item_count)
    return DualView(backbone, vectors, settings.fusion)
