"""The interface of every baseline: training data in, scores of all items after a history out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from sracl.datasets.sequences import Sequences
from sracl.errors import InputError


@dataclass(frozen=True)
class BaselineData:
    """What a baseline may look at.

    training: every user's training items, oldest first. item_count: number of items N.
    item_embeddings: unit vectors of the items' texts, float32 `[N, D]`, a row of zeros for an item without text; None
    where there are no texts.
    """

    training: Sequences
    item_count: int
    item_embeddings: NDArray[np.float32] | None = None

    @property
    def popularity(self) -> NDArray[np.int64]:
        """Number of training interactions of every item, `[N]`."""
        return np.bincount(self.training.values, minlength=self.item_count)

    @property
    def texts(self) -> NDArray[np.float32]:
        """The items' embeddings. Raises InputError where there are none."""
        if self.item_embeddings is None:
            raise InputError(
                "a baseline that compares items' texts is wanted, but there are none; "
                "give dataset.items, or take it out of evaluation.baselines"
            )
        return self.item_embeddings


class Baseline(ABC):
    """Counts or solves in closed form what training holds; nothing is trained by gradients.

    A subclass takes the data first, then its settings, each with a default. Scores of a history depend on nothing but
    the data, the settings and the history (`random` alone: on the user).
    """

    needs_texts: ClassVar[bool] = False
    """Whether it reads the items' embeddings."""

    @abstractmethod
    def __init__(self, data: BaselineData) -> None:
        """Count what the scores need."""

    @abstractmethod
    def score(self, histories: Sequences, users: NDArray[np.int64]) -> Float[Tensor, "B N"]:
        """Score of every item after each of B histories (of at least one item), float32, finite; higher is better."""
