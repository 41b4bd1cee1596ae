"""Rows of a table of embeddings, looked up on the device where a loss needs them."""

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

SHARE_OF_FREE = 0.5
"""Share of a GPU's free memory that a copy of the table may take."""


class EmbeddingRows:
    """The rows of `table`, float32 `[P, D]`, which may be memory-mapped.

    A processor reads the rows that it needs. On a GPU a copy of the whole table is kept where there is room for it, so
    that a step sends row numbers rather than rows; else rows are read and sent.
    """

    def __init__(self, table: NDArray[np.float32]) -> None:
        self.table = table
        self._copies: dict[torch.device, Float[Tensor, "P D"] | None] = {}

    def of(self, numbers: Int[Tensor, "*some"], dtype: torch.dtype = torch.float32) -> Float[Tensor, "*some D"]:
        """The rows of these numbers, on their device, in `dtype` but no coarser than float32."""
        wide = torch.promote_types(torch.float32, dtype)
        copy = self._copy(numbers.device)
        if copy is not None:
            return copy[numbers].to(wide)
        return torch.from_numpy(np.asarray(self.table[numbers.cpu().numpy()], dtype=np.float32)).to(
            numbers.device, wide
        )

    def _copy(self, device: torch.device) -> Float[Tensor, "P D"] | None:
        if device.type != "cuda":
            return None
        if device not in self._copies:
            room = self.table.nbytes < SHARE_OF_FREE * torch.cuda.mem_get_info(device)[0]
            self._copies[device] = torch.from_numpy(np.array(self.table, dtype=np.float32)).to(device) if room else None
        return self._copies[device]
