"""The report's file: whole, escaped, true to the run, and plain about what is not there."""

import json
import re
import shutil

import polars as pl
import pytest

from sracl.errors import InputError
from sracl.reporting import write_report
from sracl.reporting.opening import opened_folder
from sracl.reporting.sections import SECTIONS
from support.reported import HOSTILE, Page, make_run, quiet
from support.small_run import USERS, write_data


@pytest.fixture(scope="module")
def page(page_file) -> Page:
    return Page(page_file.read_text(encoding="utf-8"))


def said(run) -> str:
    """The words of a run's new report."""
    return Page(write_report(run).read_text(encoding="utf-8")).text


def test_every_section_is_there_and_named_in_the_navigation(page) -> None:
    headings = {attributes["id"]: attributes for attributes in page.named("section")}
    assert set(headings) == set(SECTIONS)
    links = {attributes["href"] for attributes in page.named("a")}
    assert {f"#{name}" for name in SECTIONS} <= links
    assert "Not in this run" not in page.text


def test_nothing_is_loaded_and_nothing_is_run(page) -> None:
    assert page.named("script") == page.named("img") == page.named("b") == page.named("i") == []
    addresses = [*page.values("href"), *page.values("src")]
    assert all(address.startswith("#") or address == "data:," for address in addresses)
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    style = "".join(re.findall(r"<style>(.*?)</style>", page.rawdata or "", re.S))
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("title", HOSTILE)
def test_hostile_texts_are_shown_as_they_are(page, title) -> None:
    assert " ".join(title.split()) in page.text


def test_hostile_categories_are_shown_as_they_are(page) -> None:
    assert "<i>brand 0</i>" in page.text


def test_nobody_is_named_and_no_place_is_told(page_file, hostile) -> None:
    source = page_file.read_text(encoding="utf-8")
    assert not re.search(r"u0\d\d", source)
    assert str(hostile.folder.parent) not in source
    assert "API_KEY" not in source


def test_metrics_are_those_of_the_evaluation(page_file, hostile) -> None:
    text = Page(page_file.read_text(encoding="utf-8")).text
    found = json.loads((hostile.folder / "metrics.json").read_text())
    for parts in [found, *found["baselines"].values()]:
        for part in ("test", "test_unseen"):
            for value in parts[part].values():
                assert f"{value:.4f}" in text


def test_ids_are_unique_and_references_lead_somewhere(page) -> None:
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    for attribute in ("aria-labelledby", "aria-describedby"):
        for value in page.values(attribute):
            assert set(value.split()) <= set(ids)


def test_every_chart_has_words_and_a_table(page) -> None:
    charts = [one for one in page.named("svg") if one.get("role") == "img"]
    assert len(charts) >= 12
    assert all(one["aria-labelledby"] for one in charts)
    assert len(page.named("figure")) == len(charts)
    assert len(page.named("caption")) == len(page.named("table")) >= len(charts)


def test_the_same_run_gives_the_same_page(page_file, hostile) -> None:
    made = re.compile(r"Made on [\d: -]+UTC")
    first = made.sub("", page_file.read_text(encoding="utf-8"))
    again = write_report(opened_folder(hostile.folder, [], quiet()))
    assert made.sub("", again.read_text(encoding="utf-8")) == first


def test_what_the_run_lost_is_said(copied) -> None:
    for part in ("semantics", "checkpoints/model", "checkpoints/backbone"):
        shutil.rmtree(copied.folder / part)
    (copied.folder / "metrics.json").unlink()
    text = said(copied)
    assert "has not been evaluated" in text
    assert "The record of the training (checkpoints/model) is not in the run's folder" in text
    assert "no embeddings of the items' texts" in text
    assert "no neighbours by texts" in text
    assert "The neighbours of histories are missing" in text
    assert "plain sasrec is not here" in text


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ('{"test": {"NDCG@10": 0.9}}', "metrics.json has a test NDCG@10 of 0.9000"),
        ("rubbish", "metrics.json is damaged"),
    ],
)
def test_a_record_of_metrics_that_is_not_this_models_is_said(copied, record, told) -> None:
    (copied.folder / "metrics.json").write_text(record)
    assert told in said(copied)


def test_damaged_parts_are_no_crash(copied) -> None:
    (copied.folder / "semantics" / "item_embeddings.npy").write_bytes(b"rubbish")
    (copied.folder / "semantics" / "profiles.parquet").write_bytes(b"rubbish")
    (copied.folder / "checkpoints" / "model" / "last.safetensors").write_bytes(b"rubbish")
    text = said(copied)
    assert "no embeddings of the items' texts" in text
    assert "checkpoints/model" in text


def test_data_without_texts_and_a_run_without_baselines(tmp_path) -> None:
    write_data(tmp_path)
    (tmp_path / "items.csv").unlink()
    dataset = {"interactions": str(tmp_path / "interactions.csv"), "min_interactions": 2, "max_length": 8}
    run = make_run(tmp_path, "train", dataset=dataset, evaluation={"baselines": []})
    text = said(run)
    assert "There is no baseline beside the model" in text
    assert "The items have no text" in text
    assert "trained nothing that compares histories" in text
    assert "i07" in text, "items go by their ids"


def test_what_a_language_model_wrote_of_people_is_shown_and_escaped(copied) -> None:
    path = copied.folder / "semantics" / "profiles.parquet"
    told = pl.format("<b>likes soap</b>, position {}", "position")
    pl.read_parquet(path).with_columns(text=told).write_parquet(path)
    last = copied.split.training_lengths.max()
    text = said(opened_folder(copied.folder, [f"report.users={USERS}"], quiet()))
    assert "As a language model puts it: <b>likes soap</b>" in text
    assert f"position {last}" in text
    assert f"position {last + 1}" not in text, "the pool of this protocol ends with training"


def test_users_with_several_targets_of_a_split_by_time(tmp_path) -> None:
    write_data(tmp_path, spread=20)
    split = {"kind": "global-time", "validation": 0.7, "test": 0.85, "targets": "every"}
    files = {"interactions": str(tmp_path / "interactions.csv"), "items": str(tmp_path / "items.csv")}
    run = make_run(tmp_path, dataset=files | {"min_interactions": 2, "max_length": 8, "split": split})
    assert len(run.split.test) > len(set(run.split.test.users.tolist()))
    text = said(run)
    assert "of the split global-time" in text
    assert "nan" not in text


def test_more_targets_than_wanted_are_drawn_and_it_is_said(copied) -> None:
    run = opened_folder(copied.folder, ["report.targets=20", "report.lists=7", "report.users=3"], quiet())
    text = said(run)
    assert f"20 of {USERS} test targets" in text
    assert "7 lists" in text
    assert "Person 3" in text
    assert "Person 4" not in text


def test_a_folder_without_a_trained_model_is_an_error(copied, tmp_path) -> None:
    with pytest.raises(InputError, match=r"holds no run .*give the run_dir"):
        opened_folder(tmp_path, [], quiet())
    shutil.rmtree(copied.folder / "model")
    with pytest.raises(InputError, match=r"holds no trained model .*`sracl train`"):
        opened_folder(copied.folder, [], quiet())


def test_settings_of_other_sections_are_refused(copied) -> None:
    with pytest.raises(InputError, match=r"only report\.\* can be changed"):
        opened_folder(copied.folder, ["seed=1"], quiet())
    with pytest.raises(InputError, match="is no column of the catalogue; there are: title, brand"):
        write_report(opened_folder(copied.folder, ["report.category=colour"], quiet()))


def test_code_that_a_folder_names_is_not_run(copied) -> None:
    path = copied.folder / "config.yaml"
    path.write_text(path.read_text().replace("name: sasrec", "name: evil.py:Backbone"))
    with pytest.raises(InputError, match="a folder's code is not run"):
        opened_folder(copied.folder, [], quiet())


def test_it_is_the_last_stage_of_a_run(copied) -> None:
    (copied.folder / "report.html").unlink(missing_ok=True)
    assert copied.up_to("report")
    assert (copied.folder / "report.html").exists()
    assert not copied.up_to("report")
