"""A backbone of one's own in ten lines: `sracl run shop.yaml -o backbone.name=examples/own_backbone.py:TwoUnits`."""

from torch import Tensor, nn

from sracl.backbones import Backbone


class TwoUnits(Backbone):
    """Two stacked recurrent units; every parameter with a default is a setting of the configuration."""

    causal = True  # a place sees no later one, so that one pass over a row gives all its prefixes

    def __init__(self, item_count: int, dimension: int = 64, max_length: int = 20, dropout: float = 0.5) -> None:
        super().__init__(item_count, dimension, max_length)
        self.units = nn.GRU(dimension, dimension, num_layers=2, dropout=dropout, batch_first=True)

    def encode(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        """Item vectors `[B, T, d]` of rows of `lengths` items, padded at their end, to states `[B, T, d]`."""
        return self.units(embedded)[0]
