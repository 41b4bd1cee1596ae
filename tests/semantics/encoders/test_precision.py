"""Half precision: the same neighbours for less, under another name."""

import numpy as np
import pytest
import torch

from semantics.encoders.test_pooler import save_roberta
from sracl.config import EncoderConfig
from sracl.semantics.encoders import encoder_name, make_encoder
from sracl.semantics.encoders.precision import dtype_of, mixed_precision, with_precision

TEXTS = [f"{kind} number {number}, {'with roses ' * (number % 9)}" for number in range(6) for kind in ("soap", "razor")]


def likeness(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.einsum("td,td->t", one, other) / norms


def test_the_default_is_float32_without_a_gpu_and_a_choice_is_kept() -> None:
    assert dtype_of("auto", torch.device("cpu")) == torch.float32
    assert dtype_of("bfloat16", torch.device("cpu")) == torch.bfloat16
    assert dtype_of("float16", torch.device("cuda")) == torch.float16
    assert dtype_of("float32", torch.device("cuda")) == torch.float32


def test_vectors_of_other_precisions_are_kept_apart() -> None:
    assert with_precision("m", torch.float32) == "m"
    assert len({with_precision("m", dtype) for dtype in (torch.float32, torch.float16, torch.bfloat16)}) == 3


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_the_default_encoder_in_half_precision_gives_nearly_the_same_vectors(minilm, precision: str) -> None:
    config = EncoderConfig(precision=precision, batch_size=8)
    half = make_encoder(config)
    assert half.name == encoder_name(config) == f"all-MiniLM-L6-v2 in {precision}"
    vectors = half.encode(TEXTS)
    assert vectors.dtype == np.float32
    exact = minilm.encode(TEXTS)
    assert likeness(vectors, exact).min() > 0.999
    assert not np.array_equal(vectors, exact), "float32 would be no test"


def test_the_pooler_in_half_precision_gives_nearly_the_same_vectors(tmp_path) -> None:
    folder = str(save_roberta(tmp_path / "roberta"))
    exact, half = (make_encoder(EncoderConfig(kind="pooler", model=folder, precision=p)) for p in ("auto", "bfloat16"))
    assert half.name == f"{folder} (pooler) in bfloat16"
    first, second = exact.encode(TEXTS), half.encode(TEXTS)
    # 16 numbers from random weights 25 times as large as trained ones: rounding counts more than in a real model.
    assert likeness(first, second).min() > 0.99
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("enabled", [True, False])
def test_float32_on_a_processor_compiles_no_kernel_for_every_shape(enabled: bool, monkeypatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "enabled", enabled)
    with mixed_precision(torch.device("cpu"), torch.float32):
        assert not torch.backends.mkldnn.enabled
    assert torch.backends.mkldnn.enabled == enabled
    with mixed_precision(torch.device("cpu"), torch.bfloat16):
        assert torch.backends.mkldnn.enabled == enabled
