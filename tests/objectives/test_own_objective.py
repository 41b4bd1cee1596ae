"""The objective that docs/extending.md writes runs as it stands and holds the contract."""

import re
from pathlib import Path

from objectives.contract import LearningContract
from sracl.datasets.prefixes import PrefixPool
from sracl.objectives import ContrastiveObjective
from sracl.objectives.settings import section_of

PAGE = Path(__file__).parent.parent.parent / "docs" / "extending.md"


def of_the_page() -> type[ContrastiveObjective]:
    names: dict[str, object] = {}
    snippets = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    exec(next(snippet for snippet in snippets if "class Crops" in snippet), names)
    return names["Crops"]


class TestOwnObjective(LearningContract):
    def make(self, pool: PrefixPool) -> ContrastiveObjective:
        return of_the_page()(share=0.5)


def test_its_constructors_parameters_are_its_settings() -> None:
    assert section_of(of_the_page())().model_dump() == {"weight": 0.0, "share": 0.6}
