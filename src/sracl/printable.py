"""Text of others, made harmless for a prompt, a table or a terminal."""

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def without_control(text: str) -> str:
    """Spaces for characters that steer: terminals' escapes, line separators, marks that turn the direction of writing.

    Tabs and line feeds stay, and so does what right-to-left scripts and joined emoji need.
    """
    return _CONTROL.sub(" ", text)
