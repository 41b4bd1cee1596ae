"""Which device and precision `auto` means here, and Fabric on it."""

import os
from typing import TYPE_CHECKING, Literal

import torch

from sracl.config import TrainingConfig
from sracl.errors import SraclError

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]


def device_and_precision(settings: TrainingConfig) -> tuple[str, Precision]:
    """What `auto` means here. Raises SraclError where the wished devices are not there."""
    device = settings.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise SraclError("training.device is cuda, but PyTorch sees no such device here; use `auto` or `cpu`")
    if device == "cuda" and settings.processes > torch.cuda.device_count():
        raise SraclError(
            f"training.processes is {settings.processes}, but PyTorch sees {torch.cuda.device_count()} GPU(s); lower it"
        )
    # At d = 64 a step on a GPU waits for its calls, not for its products, and half precision calls for more.
    return device, "32-true" if settings.precision == "auto" else settings.precision


def make_fabric(settings: TrainingConfig, alone: bool = False) -> "Fabric":
    """Fabric on `settings.processes` devices, one where `alone`, not launched yet.

    Processes on the processor share its cores unless `settings.threads` says otherwise. Raises SraclError where the
    wished devices are not there.
    """
    device, precision = device_and_precision(settings)
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    # Takes over a second to import, which a run that finds everything done should not wait for.
    from lightning_fabric import Fabric
    from lightning_fabric.strategies.ddp import DDPStrategy

    if alone or settings.processes == 1:
        return Fabric(accelerator=device, devices=1, precision=precision)
    strategy = DDPStrategy(start_method="spawn")
    return Fabric(accelerator=device, devices=settings.processes, precision=precision, strategy=strategy)


def threads_a_process(settings: TrainingConfig) -> int:
    """Processor threads of each process: those of the settings, else an even part of the cores."""
    return settings.threads or max(1, (os.cpu_count() or 1) // settings.processes)
