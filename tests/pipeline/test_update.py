"""A trained run learns of what came later: who is known stays, the new is embedded, nothing is half done."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from sracl.auditing import audit
from sracl.config import read_config
from sracl.errors import InputError
from sracl.pipeline import update as updating
from sracl.pipeline.display import Display
from sracl.pipeline.run import Run
from sracl.pipeline.update import update
from sracl.recommender import Recommender
from sracl.semantics import index
from support.small_run import ITEMS, KINDS, USERS, write_config, write_data

NEW_ITEMS = [
    {"item_id": "i90", "title": "shampoo number 90", "brand": "brand 0"},
    {"item_id": "i91", "title": None, "brand": None},
    {"item_id": "i00", "title": "a title that is known already", "brand": "brand 9"},
]
"""A new one, a new one without text, and one that the run has."""


def display() -> Display:
    return Display(Console(file=io.StringIO(), width=200))


def said(shown: Display) -> str:
    return shown.console.file.getvalue()


def new_rows(interactions: pl.DataFrame) -> pl.DataFrame:
    """What came later: u000 to u009 had two things more, one of them new; u90 to u92 came; u93 came and went."""
    last = interactions["timestamp"].max()
    rows = [(f"u{user:03d}", item, last + step) for user in range(10) for step, item in ((1, "i90"), (2, "i06"))]
    three = list(enumerate(("i00", "i90", "i12")))
    rows += [(f"u{user}", item, last + step) for user in (90, 91, 92) for step, item in three]
    rows += [("u90", "i91", last + 9), ("u91", "i91", last + 9), ("u93", "i01", last)]
    return pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A folder with data, a trained run, and tables of what came later."""
    folder = tmp_path_factory.mktemp("made")
    write_data(folder, spread=500)
    Run(read_config(write_config(folder)), display()).up_to("recommend")
    new_rows(pl.read_csv(folder / "interactions.csv")).write_csv(folder / "new.csv")
    pl.DataFrame(NEW_ITEMS).write_csv(folder / "new_items.csv")
    return folder


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Path:
    """The same without texts."""
    folder = tmp_path_factory.mktemp("plain")
    write_data(folder)
    config = write_config(folder, dataset={"interactions": str(folder / "interactions.csv"), "min_interactions": 2})
    Run(read_config(config), display()).up_to("recommend")
    new_rows(pl.read_csv(folder / "interactions.csv")).write_csv(folder / "new.csv")
    return folder


@pytest.fixture(scope="module")
def updated(made) -> Path:
    """The run that knows of them, beside the other."""
    update(made / "run", made / "new.csv", made / "new_items.csv", made / "updated", display=display())
    return made / "updated"


@pytest.fixture
def run_dir(made, tmp_path) -> Path:
    """A copy of the trained run, to be updated in its place."""
    shutil.copytree(made / "run", tmp_path / "run")
    return tmp_path / "run"


def test_known_users_items_and_texts_stay_as_they_were(made, updated) -> None:
    before, after = (Recommender.load(folder).dataset for folder in (made / "run", updated))
    assert after.users[: before.user_count].equals(before.users)
    assert after.catalogue[: before.item_count].equals(before.catalogue)
    assert after.users["user_id"].to_list()[before.user_count :] == ["u90", "u91", "u92"]
    assert after.catalogue["item_id"].to_list()[before.item_count :] == ["i90", "i91"]
    for user in range(before.user_count):
        history = after.histories[user].tolist()
        more = [before.item_count, 6] if user < 10 else []
        assert history == before.histories[user].tolist() + more
    texts = [pl.read_parquet(folder / "semantics" / index.ITEMS) for folder in (made / "run", updated)]
    assert texts[1][:ITEMS].equals(texts[0])
    vectors = [np.load(folder / "semantics" / index.ITEM_EMBEDDINGS) for folder in (made / "run", updated)]
    np.testing.assert_array_equal(vectors[1][:ITEMS], vectors[0])


def test_only_new_texts_are_embedded(made, tmp_path, monkeypatch) -> None:
    from sracl.semantics.encoders import ConfiguredEncoder

    asked: list[str] = []
    encode = ConfiguredEncoder.encode

    def counted(self, texts, *more):
        asked.extend(texts)
        return encode(self, texts, *more)

    monkeypatch.setattr(ConfiguredEncoder, "encode", counted)
    shown = display()
    update(made / "run", made / "new.csv", made / "new_items.csv", tmp_path / "updated", display=shown)
    assert asked == ["title: shampoo number 90\nbrand: brand 0"]
    rows = {line.split("│")[1].strip(): line.split("│")[2].strip() for line in said(shown).splitlines() if "│" in line}
    assert (rows["texts embedded"], rows["texts embedded before"]) == ("1", str(ITEMS))
    assert (rows["users that joined"], rows["items that joined"]) == ("3", "2")
    assert rows["items of the new table that had a text (passed over)"] == "1"
    assert rows["new interactions"] == str(new_rows(pl.read_csv(made / "interactions.csv")).height)


def test_training_goes_on_from_the_model_before(made, tmp_path) -> None:
    """Without a step of learning the known items and all other weights are the old ones, new items lie among likes."""
    overrides = ["update.epochs=1", "training.learning_rate=1e-12", "backbone.dropout=0.0"]
    update(made / "run", made / "new.csv", made / "new_items.csv", tmp_path / "updated", overrides, display())
    before, after = (Recommender.load(folder) for folder in (made / "run", tmp_path / "updated"))
    old, new = before.backbone.state_dict(), after.backbone.state_dict()
    for name, weight in old.items():
        known = new[name][:ITEMS] if name == "item_embedding.weight" else new[name]
        wanted = weight[:ITEMS] if name == "item_embedding.weight" else weight
        np.testing.assert_allclose(known.numpy(), wanted.numpy(), atol=1e-6, err_msg=name)
    # i91, of which nothing is known, lies in the middle of all.
    nearest = next(item for item in after.similar_items(["i90"], k=2)["similar_item_id"] if item != "i91")
    assert int(nearest[1:]) % len(KINDS) == 0, "another shampoo"
    mean = old["item_embedding.weight"][:ITEMS].mean(dim=0)
    np.testing.assert_allclose(new["item_embedding.weight"][ITEMS + 1].numpy(), mean.numpy(), atol=1e-5)


def test_the_updated_run_is_a_run_like_any_other(made, updated) -> None:
    run = Run(read_config(updated / "config.yaml"), display())
    assert run.folder == updated
    assert run.up_to("recommend") is False, "nothing is left to do"
    users = pl.read_parquet(updated / "recommendations.parquet")["user_id"].unique()
    assert {"u90", "u91", "u92", "u000"} <= set(users)
    assert json.loads((updated / "metrics.json").read_text())["users"] == USERS + 3
    assert not audit(updated).leaks
    assert (made / "run" / "model" / "model.json").exists()
    assert Run(read_config(made / "run" / "config.yaml"), display()).up_to("recommend") is False, "the old one stays"
    assert not [*made.glob(".*.updating"), *made.glob(".*.part")]


def test_in_its_own_place_a_run_keeps_what_is_somebodys_own(made, run_dir) -> None:
    (run_dir / "notes.txt").write_text("mine")
    update(run_dir, made / "new.csv", made / "new_items.csv", display=display())
    assert (run_dir / "notes.txt").read_text() == "mine"
    assert Recommender.load(run_dir).dataset.user_count == USERS + 3
    assert not run_dir.with_name(".run.updating").exists()
    run = Run(read_config(run_dir / "config.yaml"), display())
    assert run.folder == run_dir
    assert run.up_to("recommend") is False


def test_the_same_rows_again_change_nothing(made, run_dir) -> None:
    update(run_dir, made / "new.csv", made / "new_items.csv", display=display())
    weights = (run_dir / "model" / "weights.safetensors").read_bytes()
    shown = display()
    assert update(run_dir, made / "new.csv", made / "new_items.csv", display=shown) is None
    assert "known already" in said(shown)
    assert update(run_dir, made / "interactions.csv", display=shown) is None
    assert (run_dir / "model" / "weights.safetensors").read_bytes() == weights


def test_where_no_row_joins_the_data_nothing_is_trained(made, run_dir) -> None:
    """u95 and u96 have one interaction each, fewer than the core wants."""
    last = pl.read_csv(made / "interactions.csv")["timestamp"].max()
    few = pl.DataFrame({"user_id": ["u95", "u96"], "item_id": ["i00", "i06"], "timestamp": [last + 1, last + 2]})
    before = {path: path.read_bytes() for path in run_dir.rglob("*") if path.is_file()}
    shown = display()
    assert update(run_dir, few, display=shown) is None
    assert "none of the 2 new interactions joins the data" in said(shown)
    assert "give them again together with later ones" in said(shown)
    assert {path: path.read_bytes() for path in run_dir.rglob("*") if path.is_file()} == before
    assert [path.name for path in run_dir.parent.iterdir() if not path.name.endswith(".lock")] == ["run"]


def test_updates_follow_each_other_and_who_waited_joins(made, run_dir, tmp_path) -> None:
    """u93 and i95 had one interaction each, fewer than the core wants; the next update brings them another."""
    update(run_dir, made / "new.csv", made / "new_items.csv", display=display())
    last = pl.read_csv(made / "new.csv")["timestamp"].max()
    rows = [("u93", "i02", last + 1), ("u000", "i95", last + 1), ("u001", "i95", last + 1), ("u90", "i06", last + 1)]
    later = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")
    both = pl.concat([pl.read_csv(made / "new.csv"), later, later])
    both.write_csv(tmp_path / "later.csv")
    items = pl.DataFrame({"item_id": ["i95"], "title": ["soap number 95"], "brand": ["brand 1"]})
    shown = display()
    update(run_dir, tmp_path / "later.csv", items, display=shown)
    data = Recommender.load(run_dir).dataset
    assert data.users["user_id"].to_list()[-1] == "u93"
    assert data.catalogue["item_id"].to_list()[ITEMS:] == ["i90", "i91", "i95"]
    assert [data.catalogue["item_id"][item] for item in data.histories[data.user_count - 1].tolist()] == ["i01", "i02"]
    rows = {line.split("│")[1].strip(): line.split("│")[2].strip() for line in said(shown).splitlines() if "│" in line}
    assert rows["rows known before or repeated (passed over)"] == str(both.height - 4)
    assert rows["interactions that joined the data, earlier ones that waited among them"] == "5"
    assert rows["texts embedded"] == "1"


def test_new_histories_are_answered_before_any_training(made) -> None:
    """A person whom the run does not know, and a known one who had more since: their histories are all it takes."""
    model = Recommender.load(made / "run")
    somebody = ["i00", "i06", "i12"]
    found = model.recommend_histories([somebody, [*somebody, "i18"]], k=3)
    assert found.group_by("history").len()["len"].to_list() == [3, 3]
    scores = [found.filter(pl.col("history") == row)["score"].to_list() for row in (0, 1)]
    assert scores[0] != scores[1]


def test_without_texts_new_items_begin_at_the_mean(plain, tmp_path) -> None:
    overrides = ["update.epochs=1", "training.learning_rate=1e-12"]
    update(plain / "run", plain / "new.csv", to=tmp_path / "updated", overrides=overrides, display=display())
    vectors = Recommender.load(tmp_path / "updated").backbone.item_embedding.weight[: ITEMS + 2].detach().numpy()
    np.testing.assert_allclose(vectors[ITEMS:], np.tile(vectors[:ITEMS].mean(axis=0), (2, 1)), atol=1e-5)
    with pytest.raises(InputError, match="leave --items out"):
        update(plain / "run", plain / "new.csv", pl.DataFrame(NEW_ITEMS), tmp_path / "more", display=display())


def test_dates_go_on_where_seconds_ended(made, run_dir, tmp_path) -> None:
    from datetime import UTC, datetime

    rows = pl.read_csv(made / "new.csv")
    as_dates = [datetime.fromtimestamp(time, UTC).isoformat() for time in rows["timestamp"]]
    rows.with_columns(timestamp=pl.Series(as_dates)).write_csv(tmp_path / "dates.csv")
    update(run_dir, tmp_path / "dates.csv", made / "new_items.csv", display=display())
    assert update(run_dir, made / "new.csv", made / "new_items.csv", display=display()) is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda rows: rows.drop("item_id"), "no column 'item_id'"),
        (lambda rows: rows.drop("timestamp"), "no column 'timestamp'"),
        (lambda rows: rows.clear(), "holds no interactions"),
        (lambda rows: rows.with_columns(timestamp=pl.lit("soon")), "'soon' is no time"),
        (lambda rows: rows.with_columns(timestamp=pl.lit(3)), "come before the last known one of their user"),
        (lambda rows: rows.with_columns(item_id=pl.lit("i77")), r"1 new .* a row in no table of items: 'i77'"),
        (lambda rows: rows.with_columns(user_id=pl.lit(None)), "no user id"),
    ],
)
def test_what_does_not_continue_the_run_is_said_and_nothing_is_left(made, run_dir, tmp_path, change, told) -> None:
    before = {path: path.stat().st_mtime_ns for path in run_dir.rglob("*") if path.is_file()}
    change(pl.read_csv(made / "new.csv")).write_csv(tmp_path / "new.csv")
    with pytest.raises(InputError, match=told):
        update(run_dir, tmp_path / "new.csv", made / "new_items.csv", display=display())
    assert before == {path: path.stat().st_mtime_ns for path in run_dir.rglob("*") if path.is_file()}
    assert not run_dir.with_name(".run.updating").exists()


def test_what_is_no_trained_run_or_no_free_folder_is_said(made, run_dir, tmp_path) -> None:
    new, items = made / "new.csv", made / "new_items.csv"
    with pytest.raises(InputError, match="holds no run"):
        update(tmp_path / "gone", new, items, display=display())
    with pytest.raises(InputError, match="is there already"):
        update(run_dir, new, items, made, display=display())
    with pytest.raises(InputError, match="there is no file"):
        update(run_dir, tmp_path / "gone.csv", items, display=display())
    (tmp_path / "empty.csv").touch()
    with pytest.raises(InputError, match=r"empty\.csv is empty"):
        update(run_dir, tmp_path / "empty.csv", items, display=display())
    with pytest.raises(InputError, match="no column 'brand'"):
        update(run_dir, new, pl.DataFrame(NEW_ITEMS).drop("brand"), display=display())
    shutil.rmtree(run_dir / "model")
    with pytest.raises(InputError, match="is not trained"):
        update(run_dir, new, items, display=display())


STEPS = ["_begin", "_put_in_place", "exchange", "_clear"]


@pytest.mark.parametrize("step", STEPS)
def test_whatever_step_is_never_reached_the_old_run_works_or_the_update_goes_on(
    plain, tmp_path, monkeypatch, step
) -> None:
    """An error in the place of kill -9, at the beginning of each step; then the same call."""
    run_dir = Path(shutil.copytree(plain / "run", tmp_path / "run"))

    class KilledError(Exception):
        pass

    def killed(*_: object, **__: object) -> None:
        raise KilledError

    arguments = (run_dir, plain / "new.csv")
    with monkeypatch.context() as patch:
        patch.setattr(updating, step, killed)
        with pytest.raises(KilledError):
            update(*arguments, display=display())
    users = Recommender.load(run_dir).dataset.user_count
    assert users == (USERS + 3 if step == "_clear" else USERS)
    assert Run(read_config(run_dir / "config.yaml", [f"run_dir={run_dir}"]), display()).up_to("recommend") is False
    update(*arguments, display=display())
    assert Recommender.load(run_dir).dataset.user_count == USERS + 3
    assert not run_dir.with_name(".run.updating").exists()


@pytest.mark.slow
def test_killed_while_it_trains_it_goes_on_and_ends_as_if_it_had_not_been(made, run_dir, tmp_path) -> None:
    command = [sys.executable, "-m", "sracl", "update", str(run_dir), "--interactions", str(made / "new.csv")]
    command += ["--items", str(made / "new_items.csv"), "-o", "update.epochs=12", "-o", "training.targets_per_step=10"]
    command += ["-o", "update.patience=12", "-o", "training.threads=1"]
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    last = run_dir.with_name(".run.updating") / "checkpoints" / "model" / "last.safetensors"
    deadline = time.monotonic() + 120
    while not last.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(started.pid, signal.SIGKILL)
    started.wait()
    assert Recommender.load(run_dir).dataset.user_count == USERS, "it was over before it was killed"
    gone_on = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "going on with the update" in gone_on.stdout
    assert "going on from" in gone_on.stdout
    shutil.copytree(made / "run", tmp_path / "other")
    command[4] = str(tmp_path / "other")
    subprocess.run(command, check=True, capture_output=True)
    weights = [(tmp_path / name / "model" / "weights.safetensors").read_bytes() for name in ("run", "other")]
    assert weights[0] == weights[1]
