"""The backbone and its item table as one ONNX graph, checked against PyTorch before it is kept."""

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from sracl.backbones.base import Backbone
from sracl.errors import InputError, SraclError
from sracl.files import folder_written_aside, write_json
from sracl.recommender import Recommender
from sracl.training.checkpoint import as_bytes, version_of_weights

TOLERANCE = 1e-4
"""Largest difference of a score, relative to the largest score, between ONNX Runtime and PyTorch."""
CHECKED_ROWS = 64
OPSET = 18


class _Scorer(nn.Module):
    """Padded rows of item numbers in, the rows' vectors and the scores of all items out."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(
        self, items: Int[Tensor, "B T"], lengths: Int[Tensor, "B"]
    ) -> tuple[Float[Tensor, "B d"], Float[Tensor, "B N"]]:
        states = self.backbone.encode_last(self.backbone.item_embedding(items), lengths)
        return states, states @ self.backbone.item_table.T


def export_onnx(recommender: Recommender, folder: Path) -> float:
    """Write `model.onnx`, `items.parquet` and `export.json` to `folder`, whole or not at all.

    Inputs of the graph: `items`, int64 `[rows, L]`, item numbers oldest first, the number N after a row's items;
    `lengths`, int64 `[rows]`, 1 to L, of the most recent L items. Outputs: `states`, float32 `[rows, d]`; `scores`,
    float32 `[rows, N]`. `items.parquet` says which id has which number. The graph is the backbone's: transition memory
    is no part of it; `export.json` says whether the model has one.

    Returns the largest difference of a score from PyTorch's, relative to the largest score, over 64 random rows.
    Raises InputError where the packages are missing, SraclError where the graph does not do what the backbone does.
    """
    _check_installed()
    backbone = recommender.backbone.cpu().eval()
    with folder_written_aside(folder) as aside:
        _write_graph(backbone, aside / "model.onnx")
        difference = _difference(backbone, aside / "model.onnx")
        if not difference <= TOLERANCE:
            raise SraclError(f"the exported graph's scores differ by {difference:.1e}, more than {TOLERANCE:.0e}")
        catalogue = recommender.dataset.catalogue.with_row_index("number")
        catalogue.write_parquet(aside / "items.parquet")
        facts = {
            "backbone": recommender.settings.name,
            "version": version_of_weights(as_bytes(backbone.state_dict(), {})),
            "max_length": backbone.max_length,
            "item_count": backbone.item_count,
            "padding": backbone.item_count,
            "opset": OPSET,
            "largest_relative_difference": difference,
            "transition_memory": recommender.memory is not None,
        }
        write_json(aside / "export.json", facts)
    return difference


def _check_installed() -> None:
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise InputError(f"export to ONNX needs more packages ({error.name}): pip install 'sracl[export]'") from error


def _write_graph(backbone: Backbone, path: Path) -> None:
    items, lengths = _random_rows(backbone, 3, seed=0)
    rows = torch.export.Dim("rows")
    try:
        with _quiet():
            torch.onnx.export(
                _Scorer(backbone).eval(),
                (items, lengths),
                path,
                input_names=["items", "lengths"],
                output_names=["states", "scores"],
                dynamic_shapes={"items": {0: rows}, "lengths": {0: rows}},
                opset_version=OPSET,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
    except Exception as error:  # the exporter raises what it likes
        told = str(error).strip().splitlines() or [type(error).__name__]
        raise SraclError(f"{type(backbone).__name__} cannot be written as ONNX: {told[0][:300]}") from error


def _difference(backbone: Backbone, path: Path) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    items, lengths = _random_rows(backbone, CHECKED_ROWS, seed=1)
    found = session.run(["scores"], {"items": items.numpy(), "lengths": lengths.numpy()})[0]
    with torch.inference_mode():
        wanted = _Scorer(backbone).eval()(items, lengths)[1].numpy()
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


def _random_rows(backbone: Backbone, rows: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, backbone.max_length + 1, (rows,), generator=generator)
    lengths[0], lengths[-1] = 1, backbone.max_length
    items = torch.randint(0, backbone.item_count, (rows, backbone.max_length), generator=generator)
    items[torch.arange(backbone.max_length) >= lengths[:, None]] = backbone.item_count
    return items, lengths


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's progress and its remarks on packages that are not needed."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), open(os.devnull, "w") as nowhere:  # noqa: PTH123
            warnings.simplefilter("ignore")
            with contextlib.redirect_stderr(nowhere):
                yield
    finally:
        logger.setLevel(level)
