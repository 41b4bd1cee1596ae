"""What a training run needs to go on after an interruption: one safetensors file, written aside, never pickle."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from sracl.errors import SraclError
from sracl.files import written_aside


@dataclass
class Progress:
    """How far training has come. history: one record an epoch; best_epoch: counted from 1, 0 before the first."""

    epoch: int = 0
    best_epoch: int = 0
    best_value: float = float("-inf")
    seconds: float = 0.0
    finished: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)


def save_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write named tensors and text metadata to `path`, whole or not at all, on disk before it returns."""
    import os

    whole = as_bytes(tensors, metadata)
    with written_aside(path) as aside, aside.open("wb") as file:
        file.write(whole)
        file.flush()
        os.fsync(file.fileno())


def as_bytes(tensors: dict[str, Tensor], metadata: dict[str, str]) -> bytes:
    """What `save_tensors` writes: equal weights give equal bytes."""
    whole: bytes = save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, metadata)
    return whole


def version_of_weights(whole: bytes) -> str:
    """The first characters of a digest of such bytes: equal weights, equal version."""
    return hashlib.sha256(whole).hexdigest()[:12]


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read what `save_tensors` wrote, on the processor. Raises SraclError for a damaged file."""
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise SraclError(f"{path} is damaged or unreadable ({error}); delete it to start this part again") from error


def save_checkpoint(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, progress: Progress) -> None:
    """Write weights, the optimiser's moments and the progress to one file."""
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": torch.as_tensor(value) for name, value in state.items()}
    save_tensors(path, tensors, {"progress": json.dumps(asdict(progress))})


def load_progress(path: Path) -> Progress:
    """How far a training came, without its weights. Raises SraclError for a damaged file."""
    try:
        return Progress(**json.loads(load_tensors(path)[1]["progress"]))
    except (ValueError, KeyError, TypeError) as error:
        raise SraclError(f"{path} holds no progress ({error}); delete it to train from the start") from error


def load_checkpoint(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> Progress:
    """Put weights and moments back in place and return the progress. Raises SraclError where they do not fit."""
    tensors, metadata = load_tensors(path)
    states: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, number, key = name.split(".", 2)
            states.setdefault(int(number), {})[key] = tensor
    try:
        weights = {name.removeprefix("model."): t for name, t in tensors.items() if name.startswith("model.")}
        model.load_state_dict(weights)
        optimizer.load_state_dict({"state": states, "param_groups": optimizer.state_dict()["param_groups"]})
        return Progress(**json.loads(metadata["progress"]))
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        first = str(error).splitlines()[0]
        raise SraclError(f"{path} does not fit this model ({first}); delete it to train from the start") from error
