"""Steps made ahead come in order, no more of them than said, and fail where they would have failed."""

from collections.abc import Iterator

import pytest

from sracl.training.ahead import ahead


def test_steps_come_in_their_order_and_end() -> None:
    assert list(ahead(iter(range(100)))) == list(range(100))
    assert list(ahead(iter([]))) == []


@pytest.mark.parametrize("count", [1, 3])
def test_at_most_so_many_are_made_before_they_are_asked_for(count: int) -> None:
    made: list[int] = []

    def steps() -> Iterator[int]:
        for number in range(20):
            made.append(number)
            yield number

    for number in ahead(steps(), count):
        assert len(made) <= number + 1 + count


def test_what_making_a_step_raises_is_raised_after_the_steps_before_it() -> None:
    def steps() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("the file is gone")

    seen = []
    with pytest.raises(OSError, match="the file is gone"):
        seen.extend(step for step in ahead(steps()) if seen.append(step))
    assert seen == [1, 2]


def test_steps_that_are_not_taken_are_left() -> None:
    steps = ahead(iter(range(1_000_000)))
    assert [next(steps), next(steps)] == [0, 1]
    steps.close()
