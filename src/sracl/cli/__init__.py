"""The commands, a verb a file; each calls one public function. The order of the imports is that of `sracl --help`."""

# ruff: noqa: I001
from sracl.cli import stages
from sracl.cli import describe
from sracl.cli import embed
from sracl.cli import neighbors
from sracl.cli import recommend
from sracl.cli import report
from sracl.cli import study
from sracl.cli import tune
from sracl.cli import audit
from sracl.cli import answers
from sracl.cli import datasets
from sracl.cli import serve
from sracl.cli import export
from sracl.cli import extend
from sracl.cli import update
from sracl.cli import doctor
from sracl.cli.application import app
from sracl.cli.program import main

__all__ = [
    "answers",
    "app",
    "audit",
    "datasets",
    "describe",
    "doctor",
    "embed",
    "export",
    "extend",
    "main",
    "neighbors",
    "recommend",
    "report",
    "serve",
    "stages",
    "study",
    "tune",
    "update",
]
