"""A run takes over what another has made, as far as it would make the same, and changes nothing of it."""

import numpy as np
import pytest

from sracl.config import changed
from sracl.pipeline.run import Run
from sracl.pipeline.sharing import adopt
from support.small_study import silent, small_config


@pytest.fixture(scope="module")
def donor(tmp_path_factory):
    """The configuration of a run whose semantic stages are done."""
    config = small_config(tmp_path_factory.mktemp("donor"))
    Run(config, silent()).up_to("neighbors")
    return config


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({"seed": 5, "backbone.dropout": 0.1}, ["prepare", "describe", "embed", "neighbors"]),
        ({"semantics.neighbors": 2}, ["prepare", "describe", "embed"]),
        ({"protocol": "paper"}, ["prepare"]),
        ({"objectives.cross_sequence.weight": 0, "objectives.intra_sequence.weight": 0}, ["prepare"]),
        ({"dataset.min_interactions": 3}, []),
    ],
)
def test_what_would_be_the_same_is_taken_and_the_rest_is_made(donor, tmp_path, changes, taken) -> None:
    run = Run(changed(donor, {"run_dir": str(tmp_path / "run"), **changes}), silent())
    before = {path: path.read_bytes() for path in donor.run_dir.rglob("*") if path.is_file()}
    assert adopt(run, donor.run_dir) == taken
    assert adopt(run, donor.run_dir) == []
    run.up_to("neighbors")
    assert before == {path: path.read_bytes() for path in donor.run_dir.rglob("*") if path.is_file()}
    if run.objectives.contrastive:
        k = run.config.semantics.neighbors
        assert np.load(tmp_path / "run" / "semantics" / "prefix_neighbors.npy").shape[1] == k


def test_files_are_shared_and_not_copied(donor, tmp_path) -> None:
    run = Run(changed(donor, {"run_dir": str(tmp_path / "run")}), silent())
    adopt(run, donor.run_dir)
    for name in ("dataset/histories.npy", "semantics/prefix_embeddings.npy", "semantics/prefix_neighbors.npy"):
        assert (tmp_path / "run" / name).samefile(donor.run_dir / name)


def test_an_empty_or_emptied_folder_gives_nothing(donor, tmp_path) -> None:
    run = Run(changed(donor, {"run_dir": str(tmp_path / "run")}), silent())
    assert adopt(run, tmp_path / "nothing") == []
    emptied = Run(changed(donor, {"run_dir": str(tmp_path / "emptied")}), silent())
    adopt(emptied, donor.run_dir)
    (tmp_path / "emptied" / "semantics" / "items.parquet").unlink()
    assert adopt(run, tmp_path / "emptied") == ["prepare"]
