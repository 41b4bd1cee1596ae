"""What servers ask for and say, as it may be used and told."""

import email.utils
import time

import pytest

from sracl.semantics.language_models.server_errors import LONGEST_TOLD, out_of_credit, place_of, retry_after, shown

KEY = "sk-very-secret"


def test_a_wait_is_read_as_seconds_as_a_date_and_as_openais_milliseconds() -> None:
    assert retry_after({"retry-after": "7"}) == 7.0
    assert retry_after({"retry-after": "7", "retry-after-ms": "1500"}) == 1.5
    assert retry_after({"retry-after": "7", "retry-after-ms": "soon"}) == 7.0
    assert retry_after({"retry-after": email.utils.formatdate(time.time() + 30, usegmt=True)}) == pytest.approx(
        30, abs=2
    )
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({}) is None


def test_an_address_is_told_without_the_password_in_it() -> None:
    assert place_of("https://me:secret@host:8000/v1/") == "https://host:8000/v1"
    assert place_of("http://127.0.0.1:80/v1") == "http://127.0.0.1:80/v1"


def test_what_a_server_says_is_one_short_line_without_the_key_and_without_control_characters() -> None:
    told = shown(f"wrong\n\x1b[2Jkey {KEY}" + "!" * 500, KEY)
    assert told.startswith("wrong [2Jkey (key)!!!")
    assert len(told) <= LONGEST_TOLD
    assert told.isprintable()


def test_an_empty_account_is_told_from_a_busy_server() -> None:
    assert out_of_credit(402, "")
    assert out_of_credit(429, '{"error": {"code": "insufficient_quota"}}')
    assert not out_of_credit(429, "slow down")
