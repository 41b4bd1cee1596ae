"""A checkpoint brings everything back, or says what is wrong with it."""

import pytest
import torch
from torch import nn

from sracl.errors import SraclError
from sracl.training.checkpoint import Progress, load_checkpoint, load_tensors, save_checkpoint, save_tensors


def trained_pair(seed: int, width: int = 3):
    torch.manual_seed(seed)
    model = nn.Linear(4, width)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.randn(5, 4)).square().sum().backward()
        optimizer.step()
    return model, optimizer


def test_weights_moments_and_progress_come_back(tmp_path) -> None:
    model, optimizer = trained_pair(0)
    progress = Progress(
        epoch=3, best_epoch=2, best_value=0.25, seconds=1.5, history=[{"epoch": 1, "losses": {"a": 1.0}}]
    )
    save_checkpoint(tmp_path / "last", model, optimizer, progress)
    other, other_optimizer = trained_pair(1)
    assert load_checkpoint(tmp_path / "last", other, other_optimizer) == progress
    batch = torch.randn(5, 4)
    for m, o in ((model, optimizer), (other, other_optimizer)):
        o.zero_grad()
        m(batch).square().sum().backward()
        o.step()
    assert torch.equal(model.weight, other.weight)
    assert torch.equal(model.bias, other.bias)


def test_a_fresh_progress_survives_json(tmp_path) -> None:
    model, optimizer = trained_pair(0)
    save_checkpoint(tmp_path / "last", model, optimizer, Progress())
    assert load_checkpoint(tmp_path / "last", model, optimizer) == Progress()


@pytest.mark.parametrize("damage", [b"", b"rubbish", None])
def test_a_damaged_file_is_named(tmp_path, damage: bytes | None) -> None:
    path = tmp_path / "weights.safetensors"
    save_tensors(path, {"a": torch.ones(100)}, {})
    path.write_bytes(path.read_bytes()[:-40] if damage is None else damage)
    with pytest.raises(SraclError, match=r"weights\.safetensors is damaged"):
        load_tensors(path)


def test_a_checkpoint_of_another_model_is_refused(tmp_path) -> None:
    model, optimizer = trained_pair(0)
    save_checkpoint(tmp_path / "last", model, optimizer, Progress())
    with pytest.raises(SraclError, match="does not fit this model"):
        load_checkpoint(tmp_path / "last", *trained_pair(0, width=7))


def test_a_checkpoint_without_progress_is_refused(tmp_path) -> None:
    model, optimizer = trained_pair(0)
    save_tensors(tmp_path / "last", {f"model.{n}": t for n, t in model.state_dict().items()}, {})
    with pytest.raises(SraclError, match="does not fit this model"):
        load_checkpoint(tmp_path / "last", model, optimizer)
