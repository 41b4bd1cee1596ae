"""Pages that are made from the program say what it says now."""

import importlib.util
import re

import pytest

from support.documents import ROOT


def module(name: str):
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.mark.parametrize(("maker", "page"), [("make_reference", "configuration"), ("make_commands", "commands")])
def test_the_page_is_what_the_program_takes(maker: str, page: str) -> None:
    written = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    assert module(maker).reference() == written, f"run `python docs/{maker}.py`"


def test_the_python_reference_names_what_is_there() -> None:
    page = (ROOT / "docs" / "python_reference.md").read_text(encoding="utf-8")
    named = re.findall(r"^::: (\S+)\.(\w+)$", page, re.M)
    assert len(named) > 25
    for where, name in named:
        part = getattr(importlib.import_module(where), name)
        assert part.__doc__, f"{where}.{name} has no docstring"
