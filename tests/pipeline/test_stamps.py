"""Stamps tell unchanged from changed, whatever the order of keys or the file's time."""

import os

import pytest

from sracl.errors import InputError, SraclError
from sracl.pipeline.stamps import Stamp, Stamps, differences, examined, flat


def test_a_stamp_survives_a_round_trip(tmp_path) -> None:
    stamps = Stamps(tmp_path)
    stamps.put("prepare", Stamp({"a": 1}, {}, {}, finished=True, seconds=2.0))
    again = Stamps(tmp_path).get("prepare")
    assert again == stamps.get("prepare")
    assert again is not None
    assert again.finished


def test_a_file_of_equal_contents_and_another_time_gives_the_same_fingerprint(tmp_path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("x")
    before = Stamp({}, {}, examined([file], None))
    os.utime(file, ns=(1, 1))
    assert Stamp({}, {}, examined([file], before)).fingerprint == before.fingerprint


def test_other_contents_give_another_fingerprint_and_are_named(tmp_path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("x")
    before = Stamp({"k": 1}, {}, examined([file], None))
    file.write_text("other")
    after = Stamp({"k": 2}, {}, examined([file], before))
    assert after.fingerprint != before.fingerprint
    told = " ".join(differences(before, after))
    assert "k was 1, now 2" in told
    assert f"{file} has changed" in told


def test_an_earlier_stage_made_anew_is_a_difference() -> None:
    old, new = Stamp({}, {"embed": "1"}, {}), Stamp({}, {"embed": "2"}, {})
    assert old.fingerprint != new.fingerprint
    assert differences(old, new) == ["embed was made anew"]


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_missing_file_or_a_folder_is_named(tmp_path, name: str) -> None:
    with pytest.raises(InputError, match=r"no file"):
        examined([tmp_path / name], None)


@pytest.mark.parametrize("text", ["{", "[]", '{"prepare": 3}', '{"prepare": {"fingerprint": "", "odd": 1}}'])
def test_damaged_stamps_are_refused(tmp_path, text: str) -> None:
    (tmp_path / "stages.json").write_text(text)
    with pytest.raises(SraclError, match="damaged"):
        Stamps(tmp_path)


def test_flat_gives_dotted_keys() -> None:
    assert flat({"a": {"b": {"c": 1}, "d": [2]}}) == {"a.b.c": 1, "a.d": [2]}
