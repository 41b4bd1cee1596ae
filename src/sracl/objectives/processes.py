"""What the losses need where several processes share a step: everyone's vectors, and everyone's counts.

With one process, all of it is the identity. A step is the same for n processes as for one: each encodes its part of the
rows; the contrastive losses compare the vectors of all, so that nobody has fewer negatives; and since the processes'
gradients are averaged, a mean over one's own targets is weighted by one's share of all targets.
"""

import torch
import torch.distributed as distributed
from jaxtyping import Shaped
from torch import Tensor


def process_count() -> int:
    """How many processes share a step."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def process_number() -> int:
    """Which of them this is, from 0."""
    return distributed.get_rank() if process_count() > 1 else 0


def of_all_processes(rows: Shaped[Tensor, "b ..."]) -> Shaped[Tensor, "B ..."]:
    """The rows of all processes, in the processes' order; gradients flow to one's own alone.

    For a loss that every process computes from all rows: each process's copy of it has the whole gradient of its own
    rows, which is multiplied by the number of processes here, since theirs are averaged afterwards. So nothing is sent
    on the way back.
    """
    count = process_count()
    if count == 1:
        return rows
    lengths = counts_of_all(len(rows), rows.device).tolist()
    fixed = rows.detach()
    padded = torch.cat([fixed, fixed.new_zeros((max(lengths) - len(rows), *rows.shape[1:]))]).contiguous()
    gathered = [torch.empty_like(padded) for _ in range(count)]
    distributed.all_gather(gathered, padded)
    parts = [part[:length] for part, length in zip(gathered, lengths, strict=True)]
    own = rows.clone()
    if own.requires_grad:
        own.register_hook(lambda gradient: gradient * count)
    parts[process_number()] = own
    return torch.cat(parts)


def counts_of_all(count: int, device: torch.device) -> Shaped[Tensor, "W"]:
    """Every process's count, int64, in the processes' order."""
    own = torch.tensor([count], device=device)
    gathered = [torch.empty_like(own) for _ in range(process_count())]
    distributed.all_gather(gathered, own)
    return torch.cat(gathered)


def count_of_all(count: int, device: torch.device) -> int:
    """The sum of the processes' counts."""
    return count if process_count() == 1 else int(counts_of_all(count, device).sum())


def share_of_mean(count: int, device: torch.device) -> float:
    """What to multiply a mean over `count` of one's own by, so that the processes' average is the mean over all."""
    if process_count() == 1:
        return 1.0
    total = count_of_all(count, device)
    return process_count() * count / total if total else 0.0


def mean_of_all(value: Shaped[Tensor, ""]) -> Shaped[Tensor, ""]:
    """The mean of the processes' values, without gradients."""
    total = value.detach().clone()
    if process_count() > 1:
        distributed.all_reduce(total)
    return total / process_count()
