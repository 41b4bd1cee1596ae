"""A backbone of one's own has ten lines, in the example and in the documents, and does what a backbone must."""

import ast
import re
from pathlib import Path

import pytest

from sracl.backbones.behaviour import check_behaviour
from sracl.backbones.named import import_backbone, own_settings

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "examples" / "own_backbone.py"


def without_documentation(code: str) -> str:
    """The code in one form: no comments, no docstrings, no empty lines."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return "\n".join(line for line in ast.unparse(tree).splitlines() if line.strip())


def test_the_example_has_no_more_than_ten_lines_and_stands_in_the_documents() -> None:
    example = without_documentation(EXAMPLE.read_text(encoding="utf-8"))
    assert len(example.splitlines()) <= 10
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    snippet = next(part for part in re.findall(r"```python\n(.*?)```", page, re.S) if "class TwoUnits" in part)
    assert without_documentation(snippet) == example


@pytest.mark.parametrize("max_length", [2, 20])
def test_it_keeps_the_contract(max_length: int) -> None:
    backbone = import_backbone(f"{EXAMPLE}:TwoUnits")
    check_behaviour(backbone(item_count=9, dimension=4, max_length=max_length))
    assert own_settings("mine", backbone, {"dropout": 0.1}) == {"dimension": 64, "dropout": 0.1}
