"""Section `item_embedding`: where the backbone's item vectors come from."""

from typing import Literal

from pydantic import Field

from sracl.config.section import Section

Adapter = Literal["linear", "two-linear", "mlp"]


class ItemEmbeddingConfig(Section):
    """A table of its own, or vectors made of the embeddings of the items' texts, see docs/text_rivals.md."""

    kind: Literal["learned", "text-initialised", "text-adapted", "dual-view"] = Field(
        "learned", description="all but `learned` need texts, and see docs/text_rivals.md"
    )
    adapter: Adapter | None = Field(
        None, description="from texts to vectors; null: `mlp` for `text-adapted`, `two-linear` for `dual-view`"
    )
    whitening: bool = Field(False, description="embeddings of texts are made uncorrelated first, as in WhitenRec")
    fusion: Literal["cross-attention", "concatenation"] = Field(
        "cross-attention", description="of the two views of `dual-view`"
    )

    @property
    def needs_texts(self) -> bool:
        """Whether the vectors are made of the embeddings of the items' texts."""
        return self.kind != "learned"
