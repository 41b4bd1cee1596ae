"""Data sets by name: fetched once, checked every time, with real files and a real server."""

import gzip
import http.server
import json
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from sracl.datasets import named
from sracl.datasets.named import fetch, find_dataset, known_datasets, load_named
from sracl.datasets.raw import recbole_wheel
from sracl.datasets.raw.recbole_wheel import extract_from_wheel
from sracl.datasets.raw.yelp import BUSINESSES, REVIEWS
from sracl.errors import InputError, SraclError
from sracl.files import file_sha256

REVIEW = {"reviewerID": "A1", "asin": "B1", "unixReviewTime": 5}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder with Amazon's files, and the address it is served at."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "reviews_Beauty_5.json.gz").write_bytes(gzip.compress(json.dumps(REVIEW).encode()))
    (folder / "meta_Beauty.json.gz").write_bytes(gzip.compress(b"{'asin': 'B1', 'title': 'Soap'}"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def served(monkeypatch: pytest.MonkeyPatch, url: str, **sha256: str) -> None:
    """Have all data sets come from `url` rather than from their publishers."""

    def moved() -> list[named.NamedDataset]:
        return [
            replace(
                dataset,
                files=tuple(replace(f, url=f"{url}/{f.name}", sha256=sha256.get("sha256")) for f in dataset.files),
            )
            for dataset in known_datasets()
        ]

    monkeypatch.setattr(named, "known_datasets", moved)


def test_names_are_unique_and_every_category_has_one() -> None:
    listed = [dataset.name for dataset in known_datasets()]
    assert len(set(listed)) == len(listed) == 3 + 24 + 33 + 2
    papers = {"ml-100k", "ml-1m", "ml-20m", "amazon-2014-beauty", "amazon-2014-sports", "amazon-2014-office", "yelp"}
    assert papers <= set(listed)
    assert find_dataset("amazon-2014-office-products").name == "amazon-2014-office"
    assert find_dataset("amazon-2023-cds-and-vinyl").files[1].name == "meta_CDs_and_Vinyl.jsonl.gz"
    assert all(d.how and d.licence and d.source.startswith("https://") for d in known_datasets())


@pytest.mark.parametrize(
    ("wrong", "near"), [("ml100k", "ml-100k"), ("amazon-2014-beuty", "amazon-2014-beauty"), ("Yelp", "yelp")]
)
def test_an_unknown_name_gets_the_nearest_suggested(wrong: str, near: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"no data set named '{wrong}'; did you mean .*{near}"):
        fetch(wrong, cache=tmp_path)


def test_a_data_set_is_fetched_once_and_read(
    site: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(monkeypatch, site[1])
    data = load_named("amazon-2014-beauty", cache=tmp_path, progress=False)
    assert data.interactions.collect().rows() == [("A1", "B1", 5)]
    assert data.domain == "beauty products"
    for file in site[0].iterdir():
        file.unlink()
    folder = fetch("amazon-2014-beauty", cache=tmp_path, progress=False)
    names = ["manifest.json", "meta_Beauty.json.gz", "reviews_Beauty_5.json.gz"]
    assert sorted(path.name for path in folder.iterdir()) == names
    recorded = json.loads((folder / "manifest.json").read_text())["files"]
    assert recorded["meta_Beauty.json.gz"]["sha256"] == file_sha256(folder / "meta_Beauty.json.gz")


def test_the_cache_variable_says_where(site: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served(monkeypatch, site[1])
    monkeypatch.setenv("SRACL_CACHE", str(tmp_path / "own"))
    assert fetch("amazon-2014-beauty", progress=False) == tmp_path / "own" / "amazon-2014-beauty"


def test_a_damaged_file_is_fetched_again(
    site: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(monkeypatch, site[1])
    file = fetch("amazon-2014-beauty", cache=tmp_path, progress=False) / "meta_Beauty.json.gz"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    fetch("amazon-2014-beauty", cache=tmp_path, progress=False)
    assert file.read_bytes() == whole


def test_a_file_that_changed_at_the_publisher_is_not_taken_for_the_first_one(
    site: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(monkeypatch, site[1])
    file = fetch("amazon-2014-beauty", cache=tmp_path, progress=False) / "meta_Beauty.json.gz"
    file.unlink()
    (site[0] / file.name).write_bytes(gzip.compress(b"{'asin': 'B2'}"))
    with pytest.raises(SraclError, match="tampered"):
        fetch("amazon-2014-beauty", cache=tmp_path, progress=False)


def test_a_folder_without_its_last_file_does_not_count_as_fetched(
    site: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(monkeypatch, site[1])
    kept = (site[0] / "meta_Beauty.json.gz").rename(site[0] / "away")
    with pytest.raises(SraclError, match="404"):
        fetch("amazon-2014-beauty", cache=tmp_path, progress=False)
    assert not (tmp_path / "amazon-2014-beauty" / "manifest.json").exists()
    kept.rename(site[0] / "meta_Beauty.json.gz")
    (site[0] / "reviews_Beauty_5.json.gz").unlink()  # it came before, and is not asked for again
    assert (fetch("amazon-2014-beauty", cache=tmp_path, progress=False) / "manifest.json").exists()


@pytest.mark.parametrize("content", ["[", "[]", '{"files": {"a": 1}}', '{"files": {"../a": {"sha256": "x"}}}'])
def test_a_damaged_manifest_is_told(content: str, tmp_path: Path) -> None:
    (tmp_path / "ml-1m").mkdir()
    (tmp_path / "ml-1m" / "manifest.json").write_text(content)
    with pytest.raises(InputError, match=r"manifest\.json .*delete it"):
        fetch("ml-1m", cache=tmp_path, progress=False)


def test_a_publisher_with_another_file_than_the_known_one_is_refused(
    site: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site[0] / "ml-1m.zip").write_bytes(b"another")
    served(monkeypatch, site[1], sha256="0" * 64)
    with pytest.raises(SraclError, match="tampered"):
        fetch("ml-1m", cache=tmp_path, progress=False)


def test_yelp_says_where_to_put_the_archive_and_reads_it_then(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"by hand(.|\n)*Put it into {tmp_path / 'yelp'}"):
        load_named("yelp", cache=tmp_path)
    (tmp_path / "yelp").mkdir()
    visits = [{"user_id": "U", "business_id": "P", "date": f"{year}-05-01 00:00:00"} for year in (2018, 2019)]
    with zipfile.ZipFile(tmp_path / "yelp" / "yelp.zip", "w") as archive:
        archive.writestr(f"Yelp/{REVIEWS}", "\n".join(map(json.dumps, visits)))
        archive.writestr(f"Yelp/{BUSINESSES}", json.dumps({"business_id": "P", "name": "Inn"}))
    assert load_named("yelp", cache=tmp_path).interactions.collect().height == 2
    assert load_named("yelp-2019", cache=tmp_path).interactions.collect().height == 1
    with zipfile.ZipFile(tmp_path / "yelp" / "yelp.zip", "a") as archive:
        archive.writestr("more", "x")
    with pytest.raises(InputError, match="not what it was at first use"):
        load_named("yelp", cache=tmp_path)


def test_where_both_sources_of_ml_100k_fail_both_reasons_are_told(
    site: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(monkeypatch, site[1])
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(SraclError, match=r"neither from its publisher: .*404(.|\n)*nor through pip: .*no-python"):
        fetch("ml-100k", cache=tmp_path, progress=False)
    assert list((tmp_path / "ml-100k").iterdir()) == []


def test_a_wheel_with_another_checksum_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "recbole.whl").write_bytes(b"no wheel")
    with pytest.raises(SraclError, match="not used"):
        extract_from_wheel(tmp_path / "recbole.whl", tmp_path)


def test_only_the_two_files_leave_the_wheel(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "recbole.whl", "w") as archive:
        for name in ("ml-100k.inter", "ml-100k.item", "ml-100k.user"):
            archive.writestr(f"recbole/dataset_example/ml-100k/{name}", name)
    extract_from_wheel(tmp_path / "recbole.whl", tmp_path / "out", sha256=file_sha256(tmp_path / "recbole.whl"))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == list(recbole_wheel.FILES)


@pytest.mark.slow
def test_ml_100k_comes_from_whichever_source_can_be_reached(tmp_path: Path) -> None:
    try:
        data = load_named("ml-100k", cache=tmp_path, progress=False)
    except SraclError as error:
        pytest.skip(f"neither source of ml-100k can be reached: {error}")
    interactions, items = data.interactions.collect(), data.items.collect()
    assert (interactions.height, interactions["user_id"].n_unique(), items.height) == (100_000, 943, 1682)
    assert items["title"].null_count() == 1
    assert items.row(0) == (1, "Toy Story", "1995", "Animation, Children's, Comedy")
