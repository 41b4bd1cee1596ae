"""What sections compute."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sracl.reporting.intervals import estimates
from sracl.reporting.sections.data import binned, head_share
from sracl.reporting.sections.space import alike, in_two_dimensions, unit
from sracl.reporting.tables import cut, duration, percent
from support.texts import texts_of_kinds


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=200))
def test_columns_hold_every_value_once(values) -> None:
    labels, counts = binned(np.array(values))
    assert sum(counts) == len(values)
    assert len(labels) == len(counts) <= 16
    bounds = [int(bound) for label in labels for bound in label.split("-")]
    assert bounds == sorted(bounds)
    assert bounds[0] == min(values)
    assert bounds[-1] >= max(values)


def test_the_head_is_the_most_popular_tenth() -> None:
    assert head_share(np.array([1] * 9 + [11])) == 0.55
    assert head_share(np.array([3, 1])) == 0.75


def test_estimates_are_means_over_members_and_their_intervals_hold_them() -> None:
    users = np.array([0, 0, 3, 5, 7, 9])
    values = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0])
    some = np.array([True, False, True, True, False, True])
    found = estimates(users, [values, values], [np.ones(6, dtype=bool), some])
    assert found.mean.tolist() == [0.5, 0.25]
    for column in (0, 1):
        low, high = found.interval(column)
        assert low <= found.mean[column] <= high
    assert found.of_users(1).tolist() == [0.0, 1.0, 0.0, 0.0], "the user without a member is left out"
    assert found.difference(0, 0) == (0.0, 0.0, 0.0)


def test_neighbours_of_kinds_that_lie_apart_are_of_the_same_kind() -> None:
    vectors = unit(texts_of_kinds(60) - 1.0)
    same, chance = alike(vectors, np.arange(60) % 6)
    assert same.mean() > 0.85
    np.testing.assert_allclose(chance, 9 / 59)


def test_a_map_keeps_kinds_together_and_is_the_same_again() -> None:
    vectors = texts_of_kinds(60)
    points = in_two_dimensions(vectors, seed=3)
    np.testing.assert_array_equal(points, in_two_dimensions(vectors, seed=3))
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (distances.argmin(axis=1) % 6 == np.arange(60) % 6).mean() > 0.9


def test_a_map_of_items_that_are_all_alike() -> None:
    np.testing.assert_array_equal(in_two_dimensions(np.ones((6, 4), dtype=np.float32) / 2, seed=0), np.zeros((6, 2)))


def test_numbers_as_people_write_them() -> None:
    assert [percent(share) for share in (0, 0.0004, 0.089, 0.5, 0.996, 1)] == [
        "0.0%",
        "<0.1%",
        "8.9%",
        "50%",
        "99.6%",
        "100%",
    ]
    assert [duration(seconds) for seconds in (2.5, 61, 2546, 9000)] == ["2.5 s", "61 s", "42 min", "2.5 h"]
    assert cut("a long text", 7) == "a long…"
