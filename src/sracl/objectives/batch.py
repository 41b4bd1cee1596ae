"""What one training step learns from."""

from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from sracl.backbones.rows import Rows
from sracl.datasets.prefixes import PrefixPool
from sracl.datasets.sequences import Int64

NO_TARGET = -1


@dataclass(eq=False)
class Batch:
    """R rows of users' training histories, `n` items in all.

    rows: the items; users: `[R]`, each row's user number.
    targets: `[n]`, the item that follows each place, or -1 where the place carries no target.
    positions: `[n]`, how many items of the user's history end at each place (1 for the oldest item), whatever part of
    the history the row holds.

    Not frozen, like everything that goes into a training step: Lightning Fabric moves and casts tensors in place.
    """

    rows: Rows
    users: Int[Tensor, "R"]
    targets: Int[Tensor, "n"]
    positions: Int[Tensor, "n"]

    @property
    def with_target(self) -> Int[Tensor, "m"]:
        """The places that carry a target."""
        return torch.nonzero(self.targets >= 0).squeeze(1)

    def users_at(self, places: Int[Tensor, "a"]) -> Int[Tensor, "a"]:
        """The users whose histories end at these places."""
        return self.users[self.rows.owner[places]]

    def prefixes_at(self, places: Int[Tensor, "a"], pool: PrefixPool) -> Int64:
        """The pool's numbers of the prefixes that end at these places, `[a]`; the batch must be on the processor."""
        return pool.number(self.users_at(places).numpy(), self.positions[places].numpy())

    def without_targets(self) -> "Batch":
        """The same rows, of which nothing is learnt."""
        return Batch(self.rows, self.users, torch.full_like(self.targets, NO_TARGET), self.positions)

    def to(self, device: torch.device) -> "Batch":
        """The same batch on `device`."""
        moved = (t.to(device, non_blocking=True) for t in (self.users, self.targets, self.positions))
        return Batch(self.rows.to(device), *moved)
