"""The judge of the long run finds a leak, and is not taken in by a flat line with noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.soak.judge import ALLOWED, ENOUGH, FEWEST, MIB, ROUNDING, Round, faults, growth, steady


def rounds(rss: np.ndarray, **changed: int) -> list[Round]:
    plain = Round(number=0, seconds=0, rss=0, files=20, threads=9, processes=3, digest="a",
                  records=8)  # fmt: skip
    return [replace(plain, number=i, rss=int(r), **changed) for i, r in enumerate(rss)]


def noisy(count: int, seed: int = 0) -> np.ndarray:
    """900 MiB that jitter by 2, after three rounds of warming up."""
    base = np.full(count, 900.0) + np.random.default_rng(seed).normal(0, 2, count)
    base[:3] -= (300, 100, 30)
    return base * MIB


@pytest.mark.parametrize("seed", range(20))
def test_a_flat_line_with_noise_passes(seed: int) -> None:
    assert faults(rounds(noisy(60, seed))) == []


def test_single_rounds_that_hold_more_are_passed_over() -> None:
    rss = noisy(60)
    rss[[20, 40, 58]] += 200 * MIB
    assert faults(rounds(rss)) == []


@pytest.mark.parametrize("each", [0.5, 1, 5])
def test_a_leak_of_half_a_mebibyte_a_round_is_found_in_sixty_rounds(each: float) -> None:
    (fault,) = faults(rounds(noisy(60) + each * MIB * np.arange(60)))
    assert fault.startswith("memory grew by")


def test_growth_by_hand() -> None:
    # Of 15 rounds the first three warm up; of the twelve left, quarters are three.
    rss = np.array([0, 0, 0, 10, 20, 90, 1, 1, 1, 1, 1, 1, 30, 40, 50])
    assert len(steady(rounds(rss))) == 12
    assert growth(rounds(rss)) == (20, ALLOWED * 20 + ROUNDING)


@pytest.mark.parametrize("name", ["files", "threads", "processes"])
def test_one_more_at_the_end_is_found(name: str) -> None:
    good = rounds(noisy(30))
    good[-1] = replace(good[-1], **{name: getattr(good[-1], name) + 1})
    (fault,) = faults(good)
    assert fault.startswith(f"{name} went from")


def test_a_record_that_differs_once_is_found_even_in_the_warm_up() -> None:
    good = rounds(noisy(30))
    good[1] = replace(good[1], digest="b")
    assert faults(good) == ["round 1 has other J and F than round 0"]


def test_nothing_measured_and_too_few_rounds_are_no_good_runs() -> None:
    assert faults(rounds(noisy(30), records=0)) == ["no J and F were measured"]
    (fault,) = faults(rounds(noisy(FEWEST + ENOUGH - 1)))
    assert "run it longer" in fault
