"""A folder in the style of model hubs: a card, the weights as safetensors, what `Recommender.load` needs."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from sracl.datasets.sequences import Sequences
from sracl.exporting.model_card import model_card
from sracl.files import folder_written_aside
from sracl.recommender import Recommender


def export_hub_folder(recommender: Recommender, folder: Path, run_dir: Path | None, with_users: bool = False) -> None:
    """Write the recommender with a model card (`README.md`) to `folder`, whole or not at all.

    run_dir: where metrics, settings and the manifest of texts are read from, as far as they are there. with_users:
    whether users' ids and histories go along; without them the folder recommends to histories alone, and tells nothing
    about anyone.
    """
    if not with_users:
        nobody = Sequences.from_lengths(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
        dataset = replace(recommender.dataset, users=recommender.dataset.users.clear(), histories=nobody)
        recommender = replace(recommender, dataset=replace(dataset, clock="none", times=None))
    with folder_written_aside(folder) as aside:
        recommender.save(aside / "whole")
        for part in (aside / "whole").iterdir():
            part.rename(aside / part.name)
        (aside / "whole").rmdir()
        card = model_card(
            recommender,
            folder.resolve().name,
            _read(run_dir, "metrics.json"),
            _read(run_dir, "config.yaml"),
            _read(run_dir, "semantics/manifest.json"),
        )
        (aside / "README.md").write_text(card, encoding="utf-8")


def _read(run_dir: Path | None, name: str) -> Any:
    path = None if run_dir is None else run_dir / name
    if path is None or not path.exists():
        return None
    text = path.read_text(encoding="utf-8")
    return yaml.safe_load(text) if path.suffix == ".yaml" else json.loads(text)
