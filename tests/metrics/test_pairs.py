"""Paired differences: against sums by hand, scipy's test, and chance itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_1samp, ttest_rel

from vosbench.metrics import paired


def test_the_interval_of_a_constant_difference_is_that_difference() -> None:
    assert paired([0.7, 0.5, 0.9], [0.6, 0.4, 0.8])[:3] == pytest.approx((0.1, 0.1, 0.1))


def test_the_interval_of_two_pairs_is_the_binomial_worked_out_by_hand() -> None:
    # differences 0 and 1: a mean of 0, 1/2, 1 with chances 1/4, 1/2, 1/4
    assert paired([0, 1], [0, 0], level=0.6)[:3] == (0.5, 0.0, 1.0)
    assert paired([0, 1], [0, 0], level=0.4)[:3] == (0.5, 0.5, 0.5)


def test_the_interval_of_many_pairs_is_as_wide_as_the_standard_error_says() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(0.6, 0.1, 400), np.full(400, 0.5)
    found = paired(a, b)
    assert found.high - found.low == pytest.approx(2 * 1.96 * a.std() / 20, rel=0.05)


def test_weights_make_the_mean_over_sequences_one_over_objects() -> None:
    # ten objects 5 points up, six sequences of one object 4 points down
    found = paired([0.55, *[0.46] * 6], [0.5] * 7, weights=[10, *[1] * 6])
    assert found.difference == pytest.approx((10 * 0.05 - 6 * 0.04) / 16)
    assert found.p == pytest.approx(ttest_1samp([10 * 0.05, *[-0.04] * 6], 0).pvalue)


def test_p_is_students_worked_out_by_hand() -> None:
    # mean 2, deviation 1, t = 2 sqrt(3) with two degrees of freedom: p = 1 - t / sqrt(t^2 + 2)
    assert paired([1, 2, 3], [0, 0, 0]).p == pytest.approx(1 - np.sqrt(12 / 14))
    assert paired([0.5, 0.5], [0.5, 0.5]).p == 1
    assert paired([0.9], [0.1]).p == 1


@pytest.mark.parametrize("pairs", [2, 7, 40])
def test_p_is_that_of_scipys_paired_test(pairs: int) -> None:
    rng = np.random.default_rng(pairs)
    a, b = rng.normal(0.05, 0.1, (2, pairs))
    assert paired(a, b).p == pytest.approx(ttest_rel(a, b).pvalue)


@pytest.mark.parametrize("pairs", [2, 5, 8])
def test_equal_methods_are_told_apart_no_more_than_one_time_in_twenty(pairs: int) -> None:
    rng = np.random.default_rng(0)
    found = [paired(rng.normal(size=pairs), np.zeros(pairs)).clear for _ in range(300)]
    assert sum(found) <= 300 * 0.05 + 12  # three standard errors above


def test_a_difference_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="one value per sequence"):
        paired([], [])
