"""Templates are files that a person can replace, one at a time, and mistakes in them are named."""

import pytest

from sracl.errors import InputError
from sracl.semantics.writers.templates import PLACEHOLDERS, load_templates


def test_every_template_comes_along_and_uses_all_its_placeholders() -> None:
    templates = load_templates()
    for name, placeholders in PLACEHOLDERS.items():
        assert set(getattr(templates, name).get_identifiers()) == placeholders, name


def test_a_file_of_ones_own_replaces_one_template_and_no_other(tmp_path) -> None:
    (tmp_path / "profile.txt").write_text("Read: $history\n")
    templates = load_templates(tmp_path)
    assert templates.profile.template == "Read: $history"
    assert templates.item.template == load_templates().item.template


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("profile.txt", b"$titles", r"profile\.txt may hold the placeholders \$history"),
        ("profile.txt", b"costs $5", "a dollar sign is written"),
        ("profile.txt", b"\xff", "cannot be read"),
        ("profil.txt", b"$history", "is no template; the templates are item_instructions"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=told):
        load_templates(tmp_path)


def test_a_missing_folder_is_named(tmp_path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        load_templates(tmp_path / "gone")
