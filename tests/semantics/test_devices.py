"""A GPU is taken where there is one with room, else the processor."""

import torch

from sracl.semantics.devices import gpu_or_processor
from support.gpu import needs_gpu


def test_without_a_gpu_or_room_on_it_the_processor_computes(monkeypatch) -> None:
    assert gpu_or_processor(2**60).type == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu_or_processor().type == "cpu"


@needs_gpu
def test_a_gpu_with_room_computes() -> None:
    assert gpu_or_processor(2**20).type == "cuda"
