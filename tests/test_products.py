"""Products by the fastest library are those of float32, and nothing of PyTorch's settings is left changed."""

import ctypes
import subprocess
import sys

import pytest
import torch

from sracl import products
from sracl.products import (
    EXACT,
    bfloat16_is_faster,
    fastest_float32,
    onednn_is_faster,
    with_bfloat16_kernels,
    without_kernels_by_shape,
)


def state() -> tuple[bool, str | None]:
    matmul = getattr(torch.backends.mkldnn, "matmul", None)
    return torch.backends.mkldnn.enabled, getattr(matmul, "fp32_precision", None)


@pytest.mark.parametrize("shape", [(1, 1, 1), (176, 64, 1024), (64, 350, 12101)])
@pytest.mark.parametrize("enabled", [True, False])
def test_products_are_exact_to_float32_and_settings_come_back(shape, enabled: bool, monkeypatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "enabled", enabled)
    torch.manual_seed(0)
    rows, inner, columns = shape
    left, right = torch.randn(rows, inner), torch.randn(inner, columns)
    before = state()
    with fastest_float32():
        found = left @ right
    assert state() == before
    wrong = (found.double() - left.double() @ right.double()).abs()
    assert float((wrong / (left.double().abs() @ right.double().abs())).max()) <= EXACT


@pytest.mark.parametrize("within", [fastest_float32, with_bfloat16_kernels])
def test_settings_come_back_after_an_error(within) -> None:
    before = state()
    with pytest.raises(ZeroDivisionError), within():
        raise ZeroDivisionError
    assert state() == before


def test_a_processor_whose_onednn_rounds_is_left_to_the_exact_library(monkeypatch) -> None:
    monkeypatch.setattr(products, "EXACT", 0.0)
    assert not onednn_is_faster.__wrapped__()


def test_products_of_bfloat16_are_within_its_rounding() -> None:
    torch.manual_seed(0)
    left, right = torch.randn(32, 64).bfloat16(), torch.randn(64, 128).bfloat16()
    with with_bfloat16_kernels():
        found = left @ right
    torch.testing.assert_close(found.double(), left.double() @ right.double(), rtol=2**-8, atol=1e-4)


def test_the_library_follows_from_the_processor_alone(monkeypatch) -> None:
    """A trial of speed would end now so and now so, and an interrupted training with other bits."""
    flags = frozenset({"avx512_bf16"})
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    for maker, onednn in (("AuthenticAMD", True), ("GenuineIntel", False), ("", False)):
        monkeypatch.setattr(products, "_processor", lambda maker=maker: (maker, flags))
        monkeypatch.setattr(products, "EXACT", 1.0)
        assert onednn_is_faster.__wrapped__() is onednn
    assert bfloat16_is_faster.__wrapped__()
    monkeypatch.setattr(products, "_processor", lambda: ("AuthenticAMD", frozenset()))
    assert not bfloat16_is_faster.__wrapped__()
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    assert not onednn_is_faster.__wrapped__()


GROWTH = """
import ctypes, sys
from contextlib import nullcontext
import torch
from sracl.products import without_kernels_by_shape


class Facts(ctypes.Structure):
    names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
    _fields_ = [(name, ctypes.c_size_t) for name in names]


def allocated():
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = Facts
    return mallinfo().uordblks


with without_kernels_by_shape() if sys.argv[1] == "forgotten" else nullcontext():
    torch.nn.functional.gelu(torch.ones(1, 64))
    before = allocated()
    for rows in range(2, 600):
        torch.nn.functional.gelu(torch.ones(rows, 64))
    print(allocated() - before)
"""


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this PyTorch has no oneDNN")
@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="this C library does not tell what it holds")
def test_kernels_are_not_kept_for_every_shape() -> None:
    kept, forgotten = (
        int(subprocess.run([sys.executable, "-c", GROWTH, how], capture_output=True, text=True, check=True).stdout)
        for how in ("kept", "forgotten")
    )
    assert forgotten < kept / 10


def test_the_callers_choice_of_kernels_is_put_back_even_after_an_error() -> None:
    def fail() -> None:
        with without_kernels_by_shape():
            assert not torch.backends.mkldnn.enabled
            raise ValueError("stop")

    before = torch.backends.mkldnn.enabled
    with pytest.raises(ValueError, match="stop"):
        fail()
    assert torch.backends.mkldnn.enabled == before
