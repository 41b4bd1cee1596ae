"""GRU4Rec: a recurrent net over the history (Hidasi et al., ICLR 2016)."""

from typing import Annotated

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn

from sracl.backbones.base import Backbone
from sracl.backbones.dropout import dropout as drop
from sracl.backbones.settings import Dimension, Dropout, Layers


class GRU4Rec(Backbone):
    """Item vectors, `layers` gated recurrent units of width `hidden`, and a linear layer to the items' width.

    The paper's optional feed-forward layer behind the units is that linear layer, as in RecBole: item vectors serve as
    input and as output (the authors' later `constrained_embedding`), so that widths must meet. Dropout is on the item
    vectors and behind each layer of units.

    hidden: 100 units in the paper; RecBole takes 128.
    """

    causal = True

    def __init__(
        self,
        item_count: int,
        dimension: Dimension = 64,
        max_length: int = 20,
        layers: Layers = 1,
        hidden: Annotated[int, Field(ge=1, description="width of the recurrent states")] = 100,
        dropout: Dropout = 0.5,
    ) -> None:
        super().__init__(item_count, dimension, max_length)
        self.dropout = dropout
        widths = [dimension] + [hidden] * (layers - 1)
        self.units = nn.ModuleList(nn.GRU(width, hidden, batch_first=True) for width in widths)
        self.output = nn.Linear(hidden, dimension)
        with torch.no_grad():
            nn.init.xavier_uniform_(self.item_embedding.weight)[item_count] = 0

    def encode(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T d"]:
        """Hidden states of padded rows; a place depends on the earlier ones alone, so that padding needs no mask."""
        states = drop(embedded, self.dropout, self.training)
        for unit in self.units:
            states = drop(unit(states)[0], self.dropout, self.training)
        result: Tensor = self.output(states)
        return result
