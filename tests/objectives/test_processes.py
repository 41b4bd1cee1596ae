"""Losses that several processes share: their value, and their averaged gradients, are those of one process."""

import socket

import pytest
import torch
import torch.distributed as distributed
import torch.multiprocessing as multiprocessing

from sracl.objectives.info_nce import info_nce
from sracl.objectives.intents import intent_contrast
from sracl.objectives.mclrec import regulariser
from sracl.objectives.next_item import Softmax
from sracl.objectives.processes import count_of_all, mean_of_all, of_all_processes, share_of_mean
from sracl.objectives.rlmrec import alignment

PARTS = [slice(0, 3), slice(3, 5), slice(5, 5)]
"""The rows of each of three processes: the last has none."""


def vectors() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 5, 4, generator=generator).unbind(0)
    return first, second, torch.tensor([0, 1, 1, 2, 3]), torch.randn(7, 4, generator=generator)


def contrasts(first: torch.Tensor, second: torch.Tensor, users: torch.Tensor) -> torch.Tensor:
    """Everything that compares the vectors of a step."""
    labels = users % 2
    of_intents = intent_contrast(first, second, users, labels, 0.5)
    of_texts = alignment(first, second, users, 0.5)
    return info_nce(first, second, users, 1.0, labels) + of_intents + regulariser(first, second, users, 0.5) + of_texts


def one_process(process: int, port: int, results) -> None:
    distributed.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=process, world_size=len(PARTS))
    first, second, users, table = vectors()
    part = PARTS[process]
    first, second = first[part].requires_grad_(), second[part].requires_grad_()
    table.requires_grad_()
    contrast = contrasts(first, second, users[part])
    places = torch.arange(part.stop - part.start)
    next_item = Softmax()(first, table, users[part], places)
    (contrast + next_item).backward()
    results.put(
        (
            process,
            contrast.item(),
            mean_of_all(next_item).item(),
            count_of_all(len(places), table.device),
            *[t.grad.tolist() for t in (first, second, table)],
        )
    )
    distributed.destroy_process_group()


@pytest.mark.slow
def test_three_processes_have_the_losses_and_the_averaged_gradients_of_one() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    first, second, users, table = (t.requires_grad_() if t.is_floating_point() else t for t in vectors())
    contrast = contrasts(first, second, users)
    next_item = Softmax()(first, table, users, torch.arange(5))
    (contrast + next_item).backward()
    results = multiprocessing.get_context("spawn").SimpleQueue()
    multiprocessing.spawn(one_process, (port, results), nprocs=len(PARTS))
    found = sorted(results.get() for _ in PARTS)
    tables = torch.zeros_like(table)
    for process, its_contrast, its_next_item, count, grad_first, grad_second, grad_table in found:
        part = PARTS[process]
        assert its_contrast == pytest.approx(contrast.item(), rel=1e-5)
        assert its_next_item == pytest.approx(next_item.item(), rel=1e-5)
        assert count == 5
        # Vectors come from parameters whose gradients are averaged: a row's own counts a third.
        for own, whole in ((grad_first, first.grad), (grad_second, second.grad)):
            torch.testing.assert_close(torch.tensor(own).reshape(-1, 4) / len(PARTS), whole[part])
        tables += torch.tensor(grad_table) / len(PARTS)
    torch.testing.assert_close(tables, table.grad)


def test_one_process_changes_nothing() -> None:
    rows = torch.randn(3, 2, requires_grad=True)
    assert of_all_processes(rows) is rows
    assert share_of_mean(3, rows.device) == 1.0
    assert count_of_all(3, rows.device) == 3
