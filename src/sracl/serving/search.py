"""Finding items by words: those whose text holds the words first, then those whose text means something like them."""

import re
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sracl.datasets.dataset import Dataset
from sracl.errors import SraclError
from sracl.semantics.encoders import Encoder
from sracl.semantics.index import open_array

_WORD = re.compile(r"\w+")


class ItemSearch:
    """Searches a catalogue.

    embeddings: float32 `[N, D]` unit vectors of the items' texts, and the encoder that made them; None: words alone.
    """

    def __init__(
        self, dataset: Dataset, embeddings: NDArray[np.float32] | None = None, encoder: Encoder | None = None
    ) -> None:
        texts = [dataset.catalogue[column].cast(str, strict=False).to_list() for column in dataset.text_columns]
        titles = dataset.titles.to_list()
        self._titles = [title.casefold() for title in titles]
        self._texts = [
            " ".join([title, *(part for part in rest if part)]).casefold()
            for title, *rest in zip(titles, *texts, strict=True)
        ]
        self._embeddings, self._encoder = embeddings, encoder
        # An encoder's forward pass need not be safe in several threads.
        self._encoding = threading.Lock()

    @property
    def by_meaning(self) -> bool:
        """Whether meaning counts, or words alone."""
        return self._encoder is not None and self._embeddings is not None

    def find(self, query: str, k: int) -> list[int]:
        """Numbers of up to k items: all words in the title, then in any text, then nearest in meaning."""
        words = _WORD.findall(query.casefold())
        if not words:
            return []
        found = self._holding(words, self._titles, k, [])
        if len(found) < k:
            found = self._holding(words, self._texts, k, found)
        if len(found) < k and self.by_meaning:
            known = set(found)
            found += [number for number in self._nearest(query, k + len(found)) if number not in known]
        return found[:k]

    @staticmethod
    def _holding(words: Sequence[str], texts: Sequence[str], k: int, found: list[int]) -> list[int]:
        known = set(found)
        more = (
            number for number, text in enumerate(texts) if number not in known and all(word in text for word in words)
        )
        return found + [number for number, _ in zip(more, range(k - len(found)), strict=False)]

    def _nearest(self, query: str, k: int) -> list[int]:
        assert self._encoder is not None
        assert self._embeddings is not None
        with self._encoding:
            vector = self._encoder.encode([query])[0]
        scores = self._embeddings @ (vector / max(float(np.linalg.norm(vector)), 1e-12))
        return [int(number) for number in np.argsort(-scores, kind="stable")[:k]]


def item_embeddings(run_dir: Path, dataset: Dataset) -> NDArray[np.float32] | None:
    """The run's item embeddings, float32 `[N, D]`, memory-mapped; None where the run has none of these items."""
    try:
        return open_array(run_dir / "semantics" / "item_embeddings.npy", dataset.item_count)
    except (SraclError, OSError):
        return None
