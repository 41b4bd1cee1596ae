"""Matrix products on processors: by whichever of PyTorch's libraries is the faster here, and in half precision.

PyTorch multiplies float32 matrices with MKL, which does not use AVX-512 on processors of other makers than its own.
oneDNN, which comes with PyTorch too, does: on an AMD EPYC of 2024 in half of the time, equal up to rounding.

Which is taken follows from the processor alone, never from a trial of their speed: on a busy machine trials end now so
and now so, and a training that went on after an interruption would no longer end as it would have.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

TRIAL_ROWS, TRIAL_WIDTH, TRIAL_COLUMNS = 176, 64, 1024
"""The shape on which exactness is tried: a step's states by a part of a catalogue."""
MKL_IS_FOR = "GenuineIntel"
"""The maker on whose processors MKL uses all that there is."""
BFLOAT16_FLAGS = ("avx512_bf16", "amx_bf16")
EXACT = 1e-6
"""Largest error of float32 products, over the sum of the magnitudes that are added up."""


@contextmanager
def fastest_float32() -> Iterator[None]:
    """Within it, float32 products on processors come from oneDNN where that is faster here and as exact.

    For products of few shapes: oneDNN compiles a kernel for each and keeps it.
    """
    if not onednn_is_faster():
        yield
        return
    with _onednn():
        yield


@contextmanager
def with_bfloat16_kernels() -> Iterator[None]:
    """Within it, products of bfloat16 on processors come from oneDNN: PyTorch's own take sixty times as long."""
    with _switched(True):
        yield


@contextmanager
def without_kernels_by_shape() -> Iterator[None]:
    """Within it, PyTorch's own kernels take the place of oneDNN's, which are compiled and kept for every shape.

    Packed batches have a new shape every step. 1,024 kept kernels lie scattered over the heap, so that it cannot be
    reused: on Amazon Beauty the process grew by some 60 MB an epoch. For float32 PyTorch's own are as fast here.
    """
    with _switched(False):
        yield


@cache
def onednn_is_faster() -> bool:
    """Whether this processor multiplies float32 faster by oneDNN, and no less exactly: AVX-512 of another maker."""
    if not hasattr(getattr(torch.backends.mkldnn, "matmul", None), "fp32_precision") or not _available():
        return False
    maker, _ = _processor()
    if maker in ("", MKL_IS_FOR) or not torch.backends.cpu.get_cpu_capability().startswith("AVX512"):
        return False
    left, right = _operands()
    with _onednn():
        wrong = (left @ right.T).double() - left.double() @ right.double().T
    # A processor with bfloat16 products that oneDNN would take for float32's is left to MKL.
    return float((wrong.abs() / (left.double().abs() @ right.double().abs().T)).max()) <= EXACT


@cache
def bfloat16_is_faster() -> bool:
    """Whether this processor has products of bfloat16 of its own."""
    _, flags = _processor()
    return _available() and any(flag in flags for flag in BFLOAT16_FLAGS)


@cache
def _processor() -> tuple[str, frozenset[str]]:
    """Its maker and flags, as Linux tells them; nothing elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "", frozenset()
    told = dict(reversed([(key.strip(), value.strip()) for key, _, value in (line.partition(":") for line in lines)]))
    return told.get("vendor_id", ""), frozenset(told.get("flags", "").split())


@contextmanager
def _switched(enabled: bool) -> Iterator[None]:
    before = torch.backends.mkldnn.enabled
    _switch().enabled = enabled
    try:
        yield
    finally:
        _switch().enabled = before


@contextmanager
def _onednn() -> Iterator[None]:
    matmul: Any = _switch().matmul
    before = matmul.fp32_precision
    # PyTorch asks oneDNN for float32 products only where it may round to bfloat16, as oneDNN does where that is fast.
    matmul.fp32_precision = "bf16"
    try:
        with _switched(True):
            yield
    finally:
        matmul.fp32_precision = before


def _switch() -> Any:
    return torch.backends.mkldnn


def _available() -> bool:
    return bool(torch.backends.mkldnn.is_available())


def _operands() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    left = torch.randn(TRIAL_ROWS, TRIAL_WIDTH, generator=generator)
    return left, torch.randn(TRIAL_COLUMNS, TRIAL_WIDTH, generator=generator)
