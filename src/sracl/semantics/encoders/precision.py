"""In which precision transformers compute texts' vectors."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Literal

import torch

from sracl.products import without_kernels_by_shape

Precision = Literal["auto", "float32", "bfloat16", "float16"]


def dtype_of(precision: Precision, device: torch.device) -> torch.dtype:
    """What matrix products are computed in. `auto`: half precision on a GPU, bfloat16 where it has it, else float32."""
    match precision:
        case "auto" if device.type == "cuda":
            return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
        case "auto" | "float32":
            return torch.float32
        case "bfloat16":
            return torch.bfloat16
        case "float16":
            return torch.float16


@contextmanager
def mixed_precision(device: torch.device, dtype: torch.dtype) -> Iterator[None]:
    """Computes products in `dtype` while the block lasts, what needs more in float32; weights stay float32.

    In float32 on a processor without oneDNN, which compiles and keeps a kernel for every shape: batches have hundreds
    of shapes, and the process grew with each.
    """
    exact = device.type == "cpu" and dtype == torch.float32
    with (
        without_kernels_by_shape() if exact else nullcontext(),
        torch.autocast(device.type, dtype, enabled=dtype != torch.float32),
    ):
        yield


def with_precision(name: str, dtype: torch.dtype) -> str:
    """An encoder's name: vectors of other precisions are kept apart."""
    return name if dtype == torch.float32 else f"{name} in {name_of(dtype)}"


def name_of(dtype: torch.dtype) -> str:
    """`float32`, `bfloat16` or `float16`."""
    return str(dtype).removeprefix("torch.")
