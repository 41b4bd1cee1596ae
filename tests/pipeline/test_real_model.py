"""The whole way with real parts: a small language model on loopback, MovieLens-100k, the encoder, a training."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
import yaml

from pipeline.test_describing import sracl
from sracl.datasets.named import load_named
from sracl.errors import SraclError
from sracl.semantics.language_models.local_server import default_model_file
from sracl.semantics.language_models.store import AnswerStore

ITEMS, USERS, LONGEST = 40, 40, 8
WRITER = {
    "kind": "local",
    "summary_words": 15,
    "analysis_words": 10,
    "profile_words": 20,
    "histories": 1,
    "history_items": 3,
    "tries": 2,
    "parameters": {"repeat_penalty": 1.15},
}


@pytest.fixture
def config(tmp_path) -> Path:
    """40 of the films and the latest of 40 people's ratings of them, with a profile a person."""
    try:
        default_model_file()
        raw = load_named("ml-100k")
    except SraclError as error:
        pytest.skip(str(error))
    ratings = raw.interactions.collect().sort("timestamp")
    films = ratings["item_id"].value_counts(sort=True).sort("count", "item_id", descending=True)["item_id"][:ITEMS]
    ratings = ratings.filter(pl.col("item_id").is_in(films.implode()))
    ratings = ratings.group_by("user_id", maintain_order=True).tail(LONGEST)
    users = ratings["user_id"].value_counts().filter(pl.col("count") == LONGEST)["user_id"].sort()[:USERS]
    ratings.filter(pl.col("user_id").is_in(users.implode())).write_csv(tmp_path / "interactions.csv")
    raw.items.collect().filter(pl.col("item_id").is_in(films.implode())).write_csv(tmp_path / "items.csv")
    values = {
        "run_dir": str(tmp_path / "run"),
        "dataset": {
            "interactions": str(tmp_path / "interactions.csv"),
            "items": str(tmp_path / "items.csv"),
            "columns": {"text": list(raw.text)},
            "min_interactions": 1,
        },
        "semantics": {
            "domain": "films",
            "neighbors": 3,
            "profiles": "last",
            "writer": WRITER | {"store": str(tmp_path / "answers.sqlite")},
        },
        "backbone": {"dimension": 8},
        "training": {"epochs": 1, "device": "cpu"},
    }
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def answers(path: Path) -> set[str]:
    """Keys of all stored answers."""
    if not path.exists():
        return set()
    with AnswerStore(path) as store:
        return {record.key for records in store.records(1_000) for record in records}


@pytest.mark.slow
def test_a_small_model_describes_films_and_people_through_a_kill_into_a_training(config, tmp_path) -> None:
    store = tmp_path / "answers.sqlite"
    assert sracl("prepare", config)[0] == 0
    first = subprocess.Popen([sys.executable, "-m", "sracl", "describe", str(config)], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while len(answers(store)) < 10 and first.poll() is None and time.monotonic() < deadline:
        time.sleep(0.5)
    assert first.poll() is None, "the model was faster than the test, or it failed"
    first.send_signal(signal.SIGKILL)
    first.wait()
    before = answers(store)
    assert len(before) >= 10
    code, out, err = sracl("train", config)
    assert code == 0, err
    assert before <= answers(store), "no answer is lost"
    # The last line: where it takes minutes, one is printed every minute.
    told = re.findall(r"items: (\d+) answered, (\d+) from the store, (\d+) failed", out)
    assert told, out
    assert int(told[-1][1]) >= min(len(before), 10)
    assert sum(map(int, told[-1])) == ITEMS
    items = pl.read_parquet(tmp_path / "run" / "semantics" / "items.parquet")
    profiles = pl.read_parquet(tmp_path / "run" / "semantics" / "profiles.parquet")
    described = items.filter(pl.col("source") == "SmolLM2-135M-Instruct")
    assert described.height >= ITEMS // 2, "even so small a model describes most films"
    assert described["text"].str.len_chars().min() > 0
    assert profiles.filter(pl.col("text").is_not_null())["user_id"].n_unique() >= USERS // 2
    assert (tmp_path / "run" / "model").is_dir()
    code, out, _ = sracl("describe", config)
    assert (code, "describe: done before, unchanged" in out) == (0, True)
