"""Matrix products on processors: by whichever of PyTorch's libraries is the faster here, and in half precision.

PyTorch multiplies float32 matrices with MKL, which does not use AVX-512 on processors of other makers than its own.
oneDNN, which comes with PyTorch too, does: on an AMD EPYC of 2024 in half of the time, equal up to rounding.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch import Tensor

TRIAL_ROWS, TRIAL_WIDTH, TRIAL_COLUMNS = 176, 64, 1024
"""The shape on which libraries and precisions are tried: a step's states by a part of a catalogue."""
TRIALS = 9
FASTER = 0.8
"""Share of the time from which on another library is worth it. Where there is no difference, chance does not decide."""
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
    before = torch.backends.mkldnn.enabled
    _switch().enabled = True
    try:
        yield
    finally:
        _switch().enabled = before


@cache
def onednn_is_faster() -> bool:
    """Whether this processor multiplies float32 faster by oneDNN, and no less exactly. Tried out in milliseconds."""
    if not hasattr(getattr(torch.backends.mkldnn, "matmul", None), "fp32_precision") or not _available():
        return False
    left, right = _operands()
    with _onednn():
        wrong = (left @ right.T).double() - left.double() @ right.double().T
    if float((wrong.abs() / (left.double().abs() @ right.double().abs().T)).max()) > EXACT:
        return False  # this processor has bfloat16 products that oneDNN would take for float32's

    def by_onednn() -> Tensor:
        with _onednn():
            return left @ right.T

    return _seconds(by_onednn) < FASTER * _seconds(lambda: left @ right.T)


@cache
def bfloat16_is_faster() -> bool:
    """Whether this processor multiplies bfloat16 faster than float32. Tried out in milliseconds."""
    if not _available():
        return False
    left, right = _operands()
    halves = left.bfloat16(), right.bfloat16()
    with with_bfloat16_kernels():
        half = _seconds(lambda: halves[0] @ halves[1].T)
    with fastest_float32():
        return half < FASTER * _seconds(lambda: left @ right.T)


@contextmanager
def _onednn() -> Iterator[None]:
    matmul: Any = _switch().matmul
    before = torch.backends.mkldnn.enabled, matmul.fp32_precision
    # PyTorch asks oneDNN for float32 products only where it may round to bfloat16, as oneDNN does where that is fast.
    _switch().enabled, matmul.fp32_precision = True, "bf16"
    try:
        yield
    finally:
        _switch().enabled, matmul.fp32_precision = before


def _switch() -> Any:
    return torch.backends.mkldnn


def _available() -> bool:
    return bool(torch.backends.mkldnn.is_available())


def _operands() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    left = torch.randn(TRIAL_ROWS, TRIAL_WIDTH, generator=generator)
    return left, torch.randn(TRIAL_COLUMNS, TRIAL_WIDTH, generator=generator)


def _seconds(product: Callable[[], Tensor]) -> float:
    best = float("inf")
    with torch.inference_mode():
        for _ in range(TRIALS):
            begin = time.perf_counter()
            product()
            best = min(best, time.perf_counter() - begin)
    return best
