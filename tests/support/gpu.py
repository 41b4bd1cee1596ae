"""What runs where a GPU is: tests that compare it with the processor, which others skip."""

import pytest
import torch

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch sees no GPU here")


def assert_like_on_processor(found: torch.Tensor, expected: torch.Tensor, name: str = "") -> None:
    """Equal up to the rounding of sums that were added in another order, measured by the largest number."""
    assert found.device.type == "cuda", name
    scale = float(expected.abs().max()) if expected.numel() else 1.0
    torch.testing.assert_close(
        found.cpu(), expected, rtol=1e-3, atol=1e-4 * max(scale, 1e-6), msg=lambda told: f"{name}: {told}"
    )


def without_dropout(module: torch.nn.Module) -> torch.nn.Module:
    """The same module with nothing left to PyTorch's generators, which differ by device; changed in place."""
    for part in module.modules():
        for name, value in vars(part).items():
            if "dropout" in name and isinstance(value, float):
                setattr(part, name, 0.0)
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    return module
