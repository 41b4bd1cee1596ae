"""Files are whole or not there; fingerprints follow the content."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sracl.files import file_sha256, fingerprint, folder_written_aside, write_json, written_aside


def test_a_file_appears_when_the_block_ends_well(tmp_path) -> None:
    with written_aside(tmp_path / "deep" / "file") as aside:
        aside.write_text("new")
        assert not (tmp_path / "deep" / "file").exists()
    assert (tmp_path / "deep" / "file").read_text() == "new"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["file"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, error) -> None:
    (tmp_path / "file").write_text("old")

    def cut_off() -> None:
        with written_aside(tmp_path / "file") as aside:
            aside.write_text("half")
            raise error

    with pytest.raises(error):
        cut_off()
    assert (tmp_path / "file").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_is_replaced_whole_or_left(tmp_path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "old").touch()

    def cut_off() -> None:
        with folder_written_aside(tmp_path / "folder") as aside:
            (aside / "new").touch()
            raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        cut_off()
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["old"]
    with folder_written_aside(tmp_path / "folder") as aside:
        (aside / "new").touch()
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@given(st.binary(max_size=300))
def test_the_digest_is_of_the_bytes(tmp_path_factory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("digest") / "file"
    path.write_bytes(content)
    assert file_sha256(path) == hashlib.sha256(content).hexdigest()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), values))
def test_a_fingerprint_does_not_depend_on_the_order_of_keys(value: dict) -> None:
    assert fingerprint(value) == fingerprint(dict(reversed(value.items())))


def test_fingerprints_of_different_values_differ() -> None:
    assert len({fingerprint(value) for value in (1, "1", [1], {"a": 1}, {"a": "1"}, None, [], {})}) == 8


def test_json_keeps_every_script_readable(tmp_path) -> None:
    write_json(tmp_path / "file", {"título": "日本"})
    assert "日本" in (tmp_path / "file").read_text(encoding="utf-8")
