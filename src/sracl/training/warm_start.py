"""Weights of an earlier training for a model that knows more items."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sracl.objectives.training_objective import TrainingObjective

NewVectors = Callable[[Float[Tensor, "N w"]], Float[Tensor, "M w"]]
"""Vectors of the new items, out of the table of the known ones."""
PREFIX = "contrastive."


@dataclass(frozen=True)
class Items:
    """Which items there were, and which there are.

    before: how many there were. numbers: of each item of now the number that it had, -1 for a new one, int64 `[N]`.
    """

    before: int
    numbers: Int[Tensor, "N"]


def warm_start(
    objective: TrainingObjective,
    backbone: Mapping[str, Tensor],
    others: Mapping[str, Tensor],
    items: Items,
    new_vectors: NewVectors,
) -> str | None:
    """Put an earlier training's weights into the objective; returns why it could not, and then changes nothing.

    backbone: weights of the earlier backbone. others: of the earlier objective; those of the contrastive losses are
    taken where they fit. A weight with a row an item keeps the rows of known items; new items' rows are made by
    `new_vectors`.
    """
    fresh = objective.backbone.state_dict()
    if fresh.keys() != backbone.keys():
        odd = sorted(fresh.keys() ^ backbone.keys())[0]
        return f"the weight {odd} is on one side only"
    found: dict[str, Tensor] = {}
    for name, weight in fresh.items():
        rows = _rows_beside_items(weight, backbone[name], items)
        if rows is not None:
            found[name] = _grown(backbone[name], rows, items, new_vectors)
        elif weight.shape == backbone[name].shape:
            found[name] = backbone[name]
        else:
            return f"{name} was {list(backbone[name].shape)} and is {list(weight.shape)}"
    objective.backbone.load_state_dict(found)
    own = objective.state_dict()
    fitting = {
        name: weight
        for name, weight in others.items()
        if name.startswith(PREFIX) and name in own and own[name].shape == weight.shape
    }
    objective.load_state_dict(fitting, strict=False)
    return None


def _rows_beside_items(now: Tensor, before: Tensor, items: Items) -> int | None:
    """How many rows a weight has beside one an item, for padding, or None where it is no such table."""
    if now.ndim == 0 or before.ndim != now.ndim or now.shape[1:] != before.shape[1:]:
        return None
    beside = before.shape[0] - items.before
    return beside if beside in (0, 1) and now.shape[0] - len(items.numbers) == beside else None


def _grown(before: Tensor, beside: int, items: Items, new_vectors: NewVectors) -> Tensor:
    known, fresh = before[: items.before], items.numbers < 0
    table = known[items.numbers.clamp(min=0)]
    if fresh.any():
        flat = known.reshape(len(known), -1)
        table[fresh] = new_vectors(flat).to(table).reshape(-1, *known.shape[1:])
    return torch.cat([table, before[items.before : items.before + beside]])
