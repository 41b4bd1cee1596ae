"""Tables fit a terminal of 80 columns, and text from data cannot change what is shown."""

import io

import polars as pl
import pytest
from rich.console import Console

from sracl.pipeline.display import Display
from sracl.semantics.language_models.tally import Tally


@pytest.fixture
def display() -> Display:
    return Display(Console(file=io.StringIO(), width=80))


def shown(display: Display) -> str:
    return display.console.file.getvalue()


def test_metrics_stand_in_one_line_a_method(display: Display) -> None:
    names = ("HR@5", "NDCG@5", "HR@10", "NDCG@10", "MRR@10", "HR@20", "NDCG@20")
    values = dict.fromkeys(names, 0.12345)
    display.metrics("test", {"SRA-CL on sasrec": values, "plain sasrec": values}, names)
    lines = [line for line in shown(display).splitlines() if "sasrec" in line]
    assert len(lines) == 2
    assert all(line.count("0.1235") == 7 and len(line) <= 80 for line in lines)
    assert all(name in shown(display) for name in names)


def test_markup_in_titles_and_messages_is_shown_as_it_stands(display: Display) -> None:
    display.say("[red]not red[/red] [/oops]")
    display.recommendations(
        "[b]u1[/b]", ["[link=x]film[/link]"], pl.DataFrame({"rank": [1], "label": ["[/]"], "score": [0.5]})
    )
    for part in ("[red]not red[/red] [/oops]", "[b]u1[/b]", "[link=x]film[/link]", " 1. [/]"):
        assert part in shown(display)


def test_control_characters_of_titles_and_answers_steer_no_terminal(display: Display) -> None:
    display.say("answer \x1b[2Jgone \u202eturned")
    display.neighbors("item i1", "soap \x07", [("0.5", "i2", "razor\x1b]0;title\x07")])
    for character in ("\x1b", "\x07", "\u202e"):
        assert character not in shown(display)
    assert "gone" in shown(display)


def test_long_lines_are_not_broken_in_the_middle_of_a_path(display: Display) -> None:
    path = "/".join(["a-folder"] * 20)
    display.say(path)
    assert path in shown(display)


def test_counts_have_thousands_apart(display: Display) -> None:
    display.counts("data", [("interactions", 198502), ("share", "12%")])
    assert "198,502" in shown(display)
    assert "12%" in shown(display)


def test_asking_ends_with_a_summary_and_tells_how_it_goes_every_minute_where_there_is_no_terminal(monkeypatch) -> None:
    quiet = Display(Console(file=io.StringIO(), width=80))
    tally = Tally(total=40, asked=5, answered=4, from_store=16, failed=1, prompt_tokens=1_200, cost=0.5, seconds=10.0)
    with quiet.asking() as tell:
        tell("items", tally)
    assert len(shown(quiet).splitlines()) == 1
    assert "items: 4 answered, 16 from the store, 1 failed, 5 requests, 1,200 + 0 tokens, 0.5000 US" in shown(quiet)
    assert ", in 0:00:10" in shown(quiet)
    monkeypatch.setattr("sracl.pipeline.display.BETWEEN_LINES", 0.0)
    with quiet.asking() as tell:
        tell("items", tally)
    # 19 are left, and 5 took 10 s.
    assert "; 21 of 40, 0:00:38 left" in shown(quiet).splitlines()[1]


def test_bars_are_silent_where_there_is_no_terminal(display: Display) -> None:
    with display.counting("texts", 10) as advance:
        advance(10)
    assert shown(display) == ""
