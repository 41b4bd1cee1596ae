"""Text of others steers nothing, and stays readable."""

from hypothesis import given
from hypothesis import strategies as st

from sracl.printable import without_control


@given(st.text())
def test_nothing_that_steers_is_left_and_everything_else_stands_where_it_stood(text: str) -> None:
    clean = without_control(text)
    assert len(clean) == len(text)
    assert not any((ord(letter) < 32 and letter not in "\t\n") or 127 <= ord(letter) < 160 for letter in clean)
    assert all(new in (old, " ") for new, old in zip(clean, text, strict=True))


def test_right_to_left_text_and_joined_emoji_stay_and_marks_that_turn_the_direction_go() -> None:
    assert without_control("\u0644\u0648\u0646 \u05d0 👩‍👩‍👧\tx\n") == "\u0644\u0648\u0646 \u05d0 👩‍👩‍👧\tx\n"
    assert without_control("a\u202eb\u2066c\u2028d\x1b[2J\r") == "a b c d [2J "
