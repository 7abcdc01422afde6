"""The exponent of what grows as a power of t."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from vosbench.metrics.power import exponent, last_decade


def test_an_exponent_and_its_interval_are_those_of_a_textbook() -> None:
    # y = 0, 1, 4 at x = 0, 1, 2 (logs to base e): slope 2, residuals 1/3, -2/3, 1/3,
    # standard error sqrt((2/3) / (3 - 2) / 2) = 0.57735, Student's t for one degree 12.7062
    found = exponent(np.exp([0, 1, 2]), np.exp([0, 1, 4]))
    assert found is not None
    assert_allclose(found, (2, 2 - 12.7062 * 3**-0.5, 2 + 12.7062 * 3**-0.5), rtol=1e-5)


@given(st.floats(-2, 3), st.floats(0.1, 1e6), st.integers(3, 40))
@settings(max_examples=50, deadline=None)
def test_a_power_of_t_has_its_exponent_with_no_width(power: float, scale: float, n: int) -> None:
    t = np.arange(1.0, n + 1)
    found = exponent(t, scale * t**power)
    assert found is not None
    assert_allclose(found, power, atol=1e-6)


def test_the_interval_covers_the_true_exponent_in_nineteen_of_twenty_draws() -> None:
    source = np.random.default_rng(0)
    t = np.geomspace(1, 1000, 8)
    covered = 0
    for _ in range(2000):
        found = exponent(t, t**1.5 * np.exp(0.1 * source.standard_normal(8)))
        assert found is not None
        covered += found.low <= 1.5 <= found.high
    assert covered / 2000 == pytest.approx(0.95, abs=0.015)


def test_an_exponent_leaves_out_what_comes_before_the_start_and_needs_three_points() -> None:
    t = [1, 10, 20, 40, 80]
    bent = [500, 10, 20, 40, 80]
    assert exponent(t, bent, start=10) == exponent(t[1:], bent[1:])
    assert exponent(t, bent, start=40) is None
    assert exponent([1, 2, 3], [0, 0, 0]) is None
    assert exponent([5, 5, 5], [1, 2, 3]) is None


def test_the_last_decade_is_what_counts_and_needs_three_points() -> None:
    t = np.array([1.0, 2, 10, 20, 50, 100])
    found, flat = last_decade(t, np.where(t < 10, 1.0, 5 * t)), last_decade(t, np.full(6, 7.0))
    assert found is not None
    assert found.value == pytest.approx(1.0)
    assert flat == (0, 0, 0)
    assert last_decade(t[:2], t[:2]) is None
    assert last_decade(np.empty(0), np.empty(0)) is None
