"""Tables say what was found, cut no number, and LaTeX of them holds no sign that it would trip over."""

import io
import re

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from sracl.evaluation.groups import Groups
from sracl.studies import tables
from sracl.studies.definition import Study, Variant
from sracl.studies.results import Results, read_results
from support.small_study import made_study

STUDY = Study("odd & even", (Variant("a_b"), Variant("50% [bold]c")), (("50% [bold]c", "a_b"),))


@pytest.fixture
def results(tmp_path) -> Results:
    return read_results(
        STUDY, *made_study(tmp_path, STUDY, list(range(300)), share={"50% [bold]c": 0.9}), "NDCG@10", {}
    )


def shown(results: Results, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    tables.show(results, console)
    return console.file.getvalue()


def test_means_and_deviations_are_those_over_seeds(results) -> None:
    runs = results.runs.filter(pl.col("variant") == "a_b")["test/kept/NDCG@10"].to_numpy()
    expected = f"{np.mean(runs):.4f}±{np.std(runs, ddof=1):.4f}".replace("0.", ".")
    assert expected in shown(results)
    assert tables.mean_and_deviation(pl.Series([0.5])) == ".5000"
    assert tables.mean_and_deviation(pl.Series([1.0, 1.0])) == "1.0000±.0000"


def test_nothing_is_cut_on_a_narrow_screen(results) -> None:
    narrow = shown(results, width=30)
    assert "…" not in narrow
    assert "50% [bold]c against a_b" in narrow


def test_small_p_values_have_a_star(results) -> None:
    assert "<.001*" in shown(results)
    header, rows = tables.compared(results, "kept")
    assert header == ["pair", "effect", "relative", "interval", "p users", "p seeds"]
    assert rows[0][1].startswith("+.")


def test_groups_have_their_users_and_both_means(tmp_path) -> None:
    records, tasks = made_study(tmp_path, STUDY, list(range(40)))
    groups = {"history": Groups(("few", "many"), np.arange(40) % 2)}
    header, rows = tables.compared(read_results(STUDY, records, tasks, "NDCG@10", groups), "kept")
    assert header[:4] == ["group", "users", "50% [bold]c", "a_b"]
    assert [row[:2] for row in rows] == [["all", "40"], ["history few", "20"], ["history many", "20"]]


def test_latex_is_escaped_and_the_best_is_bold(results) -> None:
    text = tables.latex(results)
    assert "±" not in text
    for line in text.splitlines():
        assert not re.search(r"(?<!\\)[%_#]", line), line
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 4
    for block in text.split(r"\end{tabular}")[:-1]:
        columns = len(re.search(r"\\begin{tabular}{(\w+)}", block)[1])
        rows = [line for line in block.splitlines() if line.endswith(r"\\")]
        assert len(rows) >= 2
        assert all(len(re.findall(r"(?<!\\)&", row)) == columns - 1 for row in rows)
    better = next(line for line in text.splitlines() if line.startswith(r"50\% [bold]c &"))
    assert better.count(r"\textbf{") == 4
