"""Caser: convolutions over the last few items (Tang and Wang, WSDM 2018)."""

from typing import Annotated

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from sracl.backbones.base import Backbone
from sracl.backbones.dropout import dropout as drop
from sracl.backbones.settings import Dimension, Dropout


class Caser(Backbone):
    """The last `window` item vectors as an image, `window x d`, with zeros where the history is shorter.

    Horizontal filters of every height from 1 to `window` slide over time, and the largest value of each counts;
    vertical filters weigh the `window` items, alike for all d columns. A layer with ReLU gives z. The paper's scores
    are W'[z; user vector] + b': here W' = E A, with a learned A, and user vectors and b' fall away, since a backbone
    knows items alone.

    A place reads its own window only, so that one pass gives all prefixes.
    """

    causal = True

    def __init__(
        self,
        item_count: int,
        dimension: Dimension = 64,
        max_length: int = 20,
        window: Annotated[int, Field(ge=1, description="L, the last items that count")] = 5,
        horizontal: Annotated[int, Field(ge=1, description="filters of every height")] = 16,
        vertical: Annotated[int, Field(ge=1, description="filters over time")] = 4,
        dropout: Dropout = 0.5,
    ) -> None:
        super().__init__(item_count, dimension, max_length)
        self.window = window
        self.dropout = dropout
        self.horizontal = nn.ModuleList(nn.Conv1d(dimension, horizontal, height + 1) for height in range(window))
        self.vertical = nn.Linear(window, vertical)
        self.inner = nn.Linear(horizontal * window + vertical * dimension, dimension)
        self.outer = nn.Linear(dimension, dimension, bias=False)
        with torch.no_grad():
            nn.init.normal_(self.item_embedding.weight, std=1 / dimension)[item_count] = 0

    def encode(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T d"]:
        """State at every place, from the window that ends there."""
        padded = functional.pad(embedded, (0, 0, self.window - 1, 0))
        return self._states(padded)

    def encode_last(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B d"]:
        """State of each row's last window alone."""
        place = torch.arange(self.window, device=lengths.device) + (lengths - self.window)[:, None]
        source = place.clamp(min=0)[:, :, None].expand(-1, -1, self.dimension)
        window = embedded.gather(1, source).masked_fill(place[:, :, None] < 0, 0.0)
        return self._states(window)[:, 0]

    def _states(self, padded: Float[Tensor, "B S d"]) -> Float[Tensor, "B T d"]:
        """State of every whole window, T = S - window + 1."""
        columns = padded.transpose(1, 2)
        slid = [functional.relu(convolution(columns)) for convolution in self.horizontal]
        # The filter of height h takes window - h + 1 steps within a window.
        highest = [
            functional.max_pool1d(values, self.window - height, stride=1).transpose(1, 2)
            for height, values in enumerate(slid)
        ]
        weighed = self.vertical(padded.unfold(1, self.window, 1)).transpose(2, 3).flatten(2)
        seen = drop(torch.cat([*highest, weighed], dim=2), self.dropout, self.training)
        result: Tensor = self.outer(functional.relu(self.inner(seen)))
        return result
