"""Limits by a clock that the test turns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sracl.semantics.language_models.limits import Bucket, RateLimits


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.integers(1, 6_000), st.lists(st.tuples(st.integers(1, 50), st.floats(0, 5)), min_size=1, max_size=40))
def test_no_more_than_the_rate_passes_whatever_the_order(per_minute: int, takes: list[tuple[int, float]]) -> None:
    clock = Clock()
    bucket = Bucket(per_minute, clock)
    taken, last = 0, 0.0
    for units, pause in takes:
        last = max(last, clock.now + bucket.take(units))
        taken += units
        clock.now += pause
    burst = max(per_minute / 60, 1.0)
    assert taken <= burst + last * per_minute / 60 + 1e-6


def test_an_idle_bucket_fills_no_further_than_a_burst() -> None:
    clock = Clock()
    bucket = Bucket(600, clock)
    clock.now = 3_600.0
    assert bucket.take(10) == 0.0
    assert bucket.take(10) > 0.9


def test_an_estimate_is_corrected_by_what_was_used() -> None:
    clock = Clock()
    limits = RateLimits(None, 6_000, clock)
    assert limits.tokens is not None
    limits.tokens.take(100)
    limits.used(estimated=100, tokens=400)
    assert limits.tokens.take(0) == 3.0


def test_the_longest_pause_holds() -> None:
    clock = Clock()
    limits = RateLimits(None, None, clock)
    limits.pause(5.0)
    limits.pause(1.0)
    assert limits.paused_until == 5.0


def test_the_first_request_of_a_few_a_minute_does_not_wait() -> None:
    bucket = Bucket(3, clock=lambda: 0.0)
    assert bucket.take(1) == 0.0
    assert bucket.take(1) == pytest.approx(20.0)
