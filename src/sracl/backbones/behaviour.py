"""What every backbone must do, tried on a few rows: a mistake would otherwise show as odd metrics at most."""

import torch
from torch import Tensor

from sracl.backbones.base import Backbone
from sracl.backbones.rows import Rows, joined
from sracl.errors import InputError

LONGEST = 6
TOLERANCE = 1e-3
"""Of the largest value of a state; rounding is far below, a dependence far above."""


@torch.no_grad()
def check_behaviour(backbone: Backbone) -> None:
    """Raise InputError where states have a wrong shape, are not finite, see later items, or see other rows.

    Weights and the random generator stay as they are; the backbone is left in evaluation or training mode as it was.
    """
    name, was_training = type(backbone).__qualname__, backbone.training
    length = min(LONGEST, backbone.max_length)
    items = torch.arange(length) % backbone.item_count
    # Of nearly the longest row's length, so that it is padded to that rather than put into a group of its own.
    short = items[: max(1, length - 1)]
    long_rows, short_rows = Rows(items, torch.tensor([length])), Rows(short, torch.tensor([len(short)]))
    backbone.eval()
    try:
        encoded = backbone.encode(backbone.item_embedding(items)[None], torch.tensor([length]))
        if encoded.shape != (1, length, backbone.dimension):
            raise InputError(
                f"{name}.encode must give states of the shape of its input, (1, {length}, {backbone.dimension}): "
                f"it gave {tuple(encoded.shape)}"
            )
        states = backbone.states(long_rows)
        alone = backbone.last_states(short_rows)
        beside = backbone.last_states(joined([long_rows, short_rows]))
        others = backbone.states(Rows(torch.cat([items[:-1], items[-1:] * 0]), torch.tensor([length])))
    except (RuntimeError, IndexError, TypeError, ValueError, AttributeError, NotImplementedError) as error:
        told = " ".join(f"{type(error).__name__}: {error}".split())
        raise InputError(f"{name} failed on rows of {length} items and of {len(short)}: {told}") from error
    finally:
        backbone.train(was_training)
    if not all(found.isfinite().all() for found in (states, beside)):
        raise InputError(f"{name}.encode gives values that are not finite")
    if _differ(alone[0], beside[1]):
        raise InputError(f"{name}.encode lets a row depend on its padding or on other rows; use `lengths` as a mask")
    if backbone.causal and _differ(states[:-1], others[:-1]):
        raise InputError(
            f"{name} says `causal = True`, but its states depend on later items, which are what it is to predict; "
            "say `causal = False`, or mask later places"
        )


def _differ(one: Tensor, other: Tensor) -> bool:
    if not one.numel():
        return False
    return bool((one - other).abs().max() > TOLERANCE * one.abs().max())
