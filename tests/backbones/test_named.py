"""Names lead to known backbones, and to a class of one's own only where it is asked for."""

import sys
from pathlib import Path

import pytest

from sracl.backbones import Backbone, GRU4Rec
from sracl.backbones.named import (
    checked_class,
    import_backbone,
    known_settings,
    named_section,
    own_settings,
    source_file,
)
from sracl.errors import InputError

OWN = """
from dataclasses import dataclass
from sracl.backbones import Backbone

@dataclass
class Helper:
    width: "int" = 1

class Own(Backbone):
    causal = True
    def __init__(self, item_count: int, dimension: int = 8, max_length: int = 5, depth: int = 1) -> None:
        super().__init__(item_count, dimension, max_length)
    def encode(self, embedded, lengths):
        return embedded

class Abstract(Backbone):
    causal = True

class Silent(Backbone):
    def encode(self, embedded, lengths):
        return embedded

thing = 3
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(OWN)
    return tmp_path / "mine.py"


def test_a_class_in_a_file_is_imported_by_its_path(file: Path) -> None:
    backbone = import_backbone(f"{file}:Own")
    assert issubclass(backbone, Backbone)
    assert backbone(item_count=3).dimension == 8
    assert source_file(f"{file}:Own", backbone) == file


def test_a_changed_file_is_executed_anew(file: Path) -> None:
    import_backbone(f"{file}:Own")
    file.write_text(OWN.replace("dimension: int = 8", "dimension: int = 12"))
    assert import_backbone(f"{file}:Own")(item_count=3).dimension == 12


def test_a_path_is_relative_to_the_working_directory(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    assert import_backbone("mine.py:Own").__qualname__ == "Own"


def test_a_class_in_an_installed_module_is_imported_by_its_dotted_name(monkeypatch, file: Path) -> None:
    assert import_backbone("sracl.backbones.gru4rec:GRU4Rec") is GRU4Rec
    monkeypatch.syspath_prepend(file.parent)
    backbone = import_backbone("mine:Own")
    assert source_file("mine:Own", backbone) == file
    del sys.modules["mine"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("{}:Missing", "has no class Missing"),
        ("{}:thing", "3 is no subclass"),
        ("{}:Helper", "'Helper' is no subclass"),
        ("{}:Abstract", "Abstract has no method encode"),
        ("{}:Silent", "Silent must say `causal = True`"),
        ("{}:", "must be a known name, or FILE.py:CLASS"),
        (":Own", "must be a known name, or FILE.py:CLASS"),
        ("{}:Own.encode", "must be a known name, or FILE.py:CLASS"),
        ("nowhere.py:Own", "there is no file nowhere.py"),
        ("nowhere.at_all:Own", "cannot be imported: ModuleNotFoundError"),
        ("..nowhere:Own", "cannot be imported"),
    ],
)
def test_what_is_no_backbone_is_said(file: Path, name: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as raised:
        import_backbone(name.format(file))
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import nothing_of_this_name", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("class Own(:", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_file_that_fails_is_named_with_its_error(tmp_path: Path, code: str, told: str) -> None:
    (tmp_path / "bad.py").write_text(code)
    with pytest.raises(InputError, match=rf"bad\.py:Own' cannot be imported: {told}"):
        import_backbone(f"{tmp_path / 'bad.py'}:Own")


def test_reading_a_section_imports_nothing_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "trap.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')")
    section = {"name": f"{tmp_path / 'trap.py'}:Own", "anything": [1, 2]}
    assert known_settings(section) == section
    assert not (tmp_path / "sprung").exists()


def test_a_known_name_brings_its_defaults_and_an_unknown_one_the_nearest() -> None:
    assert known_settings({"name": "gru4rec", "hidden": 7}) == {
        "name": "gru4rec",
        "dimension": 64,
        "layers": 1,
        "hidden": 7,
        "dropout": 0.5,
    }
    assert known_settings({})["name"] == "sasrec"
    with pytest.raises(ValueError, match=r"there is no backbone `gru5rec`; did you mean `gru4rec`\?"):
        known_settings({"name": "gru5rec"})
    with pytest.raises(ValueError, match=r"there is no backbone `zzzzzz`; known: sasrec, gru4rec.*FILE\.py:CLASS"):
        known_settings({"name": "zzzzzz"})


def test_settings_of_ones_own_are_checked_and_filled_in(file: Path) -> None:
    backbone = import_backbone(f"{file}:Own")
    assert own_settings("mine.py:Own", backbone, {"depth": 2}) == {"dimension": 8, "depth": 2}
    with pytest.raises(InputError, match=r"`backbone\.dept` is not a setting of mine.py:Own; did you mean `depth`\?"):
        own_settings("mine.py:Own", backbone, {"dept": 2})
    with pytest.raises(InputError, match=r"`backbone\.depth`: Input should be a valid integer"):
        own_settings("mine.py:Own", backbone, {"depth": "deep"})


def test_in_python_a_class_may_stand_for_a_name() -> None:
    name = "sracl.backbones.gru4rec:GRU4Rec"
    assert named_section(GRU4Rec) == ({"name": name}, GRU4Rec)
    assert named_section({"name": GRU4Rec, "hidden": 3}) == ({"name": name, "hidden": 3}, GRU4Rec)
    assert named_section({"hidden": 3}) == ({"hidden": 3}, None)
    assert named_section(None) == ({}, None)


def test_a_checked_class_is_the_class_itself() -> None:
    assert checked_class(GRU4Rec) is GRU4Rec
