"""Comparisons agree with SciPy and with plain readings, and say so where there is nothing to test."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sracl.evaluation.significance import compare, holm, paired_p, percentile_interval, resampled_means

P_VALUES = st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=12)


def example(seeds: int = 3, users: int = 400, better: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    hard = random.random(users)
    return hard + better + 0.3 * random.normal(size=(seeds, users)), hard + 0.3 * random.normal(size=(seeds, users))


def test_the_effect_and_its_tests_are_those_of_a_plain_reading() -> None:
    values, reference = example(better=0.03)
    found = compare(values, reference)
    of_users = [
        sum(values[seed, user] - reference[seed, user] for seed in range(3)) / 3 for user in range(values.shape[1])
    ]
    assert found.effect == pytest.approx(sum(of_users) / len(of_users))
    assert found.effect == pytest.approx(found.mean - found.reference)
    assert found.p_users == pytest.approx(stats.ttest_rel(values.mean(axis=0), reference.mean(axis=0)).pvalue)
    assert found.p_seeds == pytest.approx(stats.ttest_rel(values.mean(axis=1), reference.mean(axis=1)).pvalue)
    assert (found.users, found.seeds) == (400, 3)


def test_the_interval_is_near_the_one_of_the_normal_distribution() -> None:
    values, reference = example(better=0.03)
    found = compare(values, reference)
    differences = (values - reference).mean(axis=0)
    error = differences.std(ddof=1) / len(differences) ** 0.5
    low, high = stats.norm.interval(0.95, differences.mean(), error)
    assert found.low == pytest.approx(low, abs=0.15 * error)
    assert found.high == pytest.approx(high, abs=0.15 * error)
    assert compare(values, reference) == found, "it repeats"


def test_intervals_cover_the_true_effect_as_often_as_they_say_and_p_is_uniform_without_one() -> None:
    random = np.random.default_rng(1)
    covered, p_values = 0, []
    for number in range(200):
        values, reference = random.gamma(1.0, size=(2, 60)), random.gamma(1.0, size=(2, 60))
        found = compare(values, reference, resamples=400, seed=number)
        covered += found.low <= 0 <= found.high
        p_values.append(found.p_users)
    assert stats.binomtest(covered, 200, 0.95).pvalue > 1e-3
    assert stats.kstest(p_values, "uniform").pvalue > 1e-3


def test_where_there_is_nothing_to_test_it_is_said() -> None:
    one = compare(np.array([[0.5]]), np.array([[0.25]]))
    assert (one.effect, one.low, one.high, one.p_users, one.p_seeds) == (0.25, 0.25, 0.25, None, None)
    values, _ = example()
    same = compare(values, values)
    assert (same.effect, same.low, same.high, same.p_users, same.p_seeds) == (0, 0, 0, 1, 1)
    assert paired_p(np.full(5, 0.1)) == 0
    with pytest.raises(ValueError, match="pairs are wanted"):
        compare(values, values[:, 1:])


@settings(deadline=None)
@given(P_VALUES)
def test_holm_rejects_what_its_step_down_rule_rejects(p_values: list[float | None]) -> None:
    corrected = holm(p_values)
    tested = sorted(p for p in p_values if p is not None)
    for level in (0.001, 0.05, 0.3, 0.9):
        rejected = 0
        while rejected < len(tested) and tested[rejected] * (len(tested) - rejected) <= level:
            rejected += 1
        assert sum(p is not None and p <= level for p in corrected) == rejected


@settings(deadline=None)
@given(P_VALUES)
def test_holm_keeps_the_order_raises_none_above_one_and_leaves_what_was_not_tested(p_values: list) -> None:
    corrected = holm(p_values)
    assert [p is None for p in corrected] == [p is None for p in p_values]
    pairs = sorted((raw, after) for raw, after in zip(p_values, corrected, strict=True) if raw is not None)
    assert all(raw <= after <= 1 for raw, after in pairs)
    assert [after for _, after in pairs] == sorted(after for _, after in pairs)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, None, 0.9]) == [1.0, None, 1.0]


def test_resampled_means_have_the_interval_that_scipy_finds() -> None:
    values = np.random.default_rng(1).random(300)
    low, high = percentile_interval(resampled_means(values[:, None], np.ones((300, 1)), resamples=4000))
    expected = stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=2).confidence_interval
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), abs=0.004)


def test_resampled_means_draw_the_same_users_for_every_metric() -> None:
    values = np.random.default_rng(1).random((50, 1))
    means = resampled_means(np.concatenate([values, values + 1], axis=1), np.ones((50, 2)), resamples=120)
    assert means.shape == (120, 2)
    np.testing.assert_allclose(means[:, 1] - means[:, 0], 1.0)
    assert means[:, 0].std() > 0


def test_resampled_means_are_over_a_users_targets_and_a_group_without_any_has_none() -> None:
    sums, counts = np.array([[3.0, 1.0, 0.0], [3.0, 0.0, 0.0]]), np.array([[3.0, 1.0, 0.0], [3.0, 0.0, 0.0]])
    means = resampled_means(sums, counts, resamples=60)
    np.testing.assert_array_equal(means[:, 0], 1.0)
    assert np.isnan(means[:, 1]).any(), "no draw of the one user of this group"
    low, high = percentile_interval(means)
    assert (low[1], high[1]) == (1.0, 1.0)
    assert np.isnan([low[2], high[2]]).all()
