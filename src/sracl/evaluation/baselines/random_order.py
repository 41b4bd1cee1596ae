"""Random order: what chance alone would hit."""

from typing import Annotated

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from sracl.datasets.sequences import Sequences
from sracl.evaluation.baselines.base import Baseline, BaselineData


class RandomOrder(Baseline):
    """Every user has an order of the catalogue of their own, drawn from `seed` and the user's number.

    Its expected HR@k is k / N.
    """

    def __init__(
        self, data: BaselineData, seed: Annotated[int, Field(ge=0, description="another draws other orders")] = 0
    ) -> None:
        self.item_count = data.item_count
        self.seed = seed

    def score(self, histories: Sequences, users: NDArray[np.int64]) -> Float[Tensor, "B N"]:
        """Uniform numbers, the same for a user in whatever block."""
        drawn = [np.random.default_rng([self.seed, user]).random(self.item_count, np.float32) for user in users]
        return torch.from_numpy(np.stack(drawn))
