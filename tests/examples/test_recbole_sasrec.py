"""SRA-CL on RecBole's SASRec, where RecBole is: the same prefixes on both sides, and losses that reach its weights."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest
import torch

from sracl.config import make_config
from sracl.datasets.build import Columns, build_dataset
from sracl.datasets.splits import leave_one_out
from sracl.fitting import build_index
from support.small_run import USERS, write_data

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("recbole") is None,
        reason="RecBole is not installed: it wants numpy<2, an environment of its own, see examples/recbole_sasrec.py",
    ),
    # RecBole's own use of older pandas and PyTorch.
    pytest.mark.filterwarnings("ignore"),
]
EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "recbole_sasrec.py"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recbole_sasrec", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def prepared(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["example"])
    write_data(tmp_path)
    dataset, _ = build_dataset(tmp_path / "interactions.csv", tmp_path / "items.csv", Columns(), min_interactions=2)
    settings = make_config({"dataset": {"name": "ml-100k", "max_length": 20}, "semantics": {"neighbors": 3}})
    return dataset, build_index(dataset, leave_one_out(dataset.histories), settings)


def test_recboles_prefixes_are_those_of_the_index(example, prepared, tmp_path) -> None:
    dataset, index = prepared
    example.write_atomic_file(dataset, tmp_path / example.NAME / f"{example.NAME}.inter")
    config = example.recbole_config(tmp_path, 1)
    train_data, _, _ = example.data_preparation(config, example.create_dataset(config))
    model = example.ContrastiveSASRec(config, train_data.dataset, [], 0.1)
    seen = 0
    for interaction in train_data:
        batch = model.batch_of(interaction)
        last = batch.rows.last
        users, positions = batch.users[batch.rows.owner[last]], batch.positions[last]
        numbers = index.pool.number(users.numpy(), positions.numpy())
        same = index.pool.items(numbers)
        assert np.array_equal(same.values, batch.rows.items.numpy())
        assert np.array_equal(same.lengths, batch.rows.lengths.numpy())
        model.eval()
        own = model.forward(interaction[model.ITEM_SEQ], interaction[model.ITEM_SEQ_LEN])
        torch.testing.assert_close(model.encoded(batch.rows), own)
        seen += len(batch.rows)
    assert seen == len(index.pool) - USERS, "every prefix but a user's whole training history has a target"


def test_the_contrastive_losses_change_what_recbole_learns(example, prepared, tmp_path) -> None:
    dataset, index = prepared
    plain, contrastive = (example.train(dataset, index, tmp_path / str(weight), 3, weight) for weight in (0.0, 0.1))
    assert set(plain) == set(contrastive) == {"hit@10", "ndcg@10", "mrr@10"}
    assert plain != contrastive
    assert all(0 < value <= 1 for value in contrastive.values())


def test_tokens_are_our_numbers(example, prepared, tmp_path) -> None:
    dataset, _ = prepared
    example.write_atomic_file(dataset, tmp_path / "file.inter")
    table = pl.read_csv(tmp_path / "file.inter", separator="\t")
    first = table.filter(pl.col("user_id:token") == 3)
    assert first["item_id:token"].to_list() == dataset.histories[3].tolist()
    assert first["timestamp:float"].to_list() == list(range(first.height))
