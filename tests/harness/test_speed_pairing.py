"""The ratio's interval against regression and tables; the order of turns; the machine's noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from vosbench.harness.speed import Plan, Turn, alternate, noise
from vosbench.harness.speed.noise import Probe
from vosbench.harness.speed.pairing import paired_ratio, rows
from vosbench.harness.speed.turns import by_round
from vosbench.results import Row

shapes = st.tuples(st.integers(2, 6), st.integers(1, 5))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    shape = draw(shapes)
    seconds = arrays(np.float64, shape, elements=st.floats(0.001, 10))
    return draw(seconds), draw(seconds)


@given(pairs())
@settings(max_examples=100, deadline=None)
def test_the_interval_is_that_of_a_regression_on_one_mean_per_turn(
    both: tuple[np.ndarray, np.ndarray],
) -> None:
    a, b = both
    rounds, turns = a.shape
    y = np.log(a).ravel() - np.log(b).ravel()
    design = np.tile(np.eye(turns), (rounds, 1))
    beta, *_ = np.linalg.lstsq(design, y, rcond=None)
    freedom = rounds * turns - turns
    variance = ((y - design @ beta) ** 2).sum() / freedom
    weights = np.full(turns, 1 / turns)  # the mean of the turns' means
    error = np.sqrt(variance * weights @ np.linalg.inv(design.T @ design) @ weights)
    centre, reach = weights @ beta, stats.t.ppf(0.975, freedom) * error
    found = paired_ratio(a, b)
    assert found == pytest.approx(tuple(np.exp([centre, centre - reach, centre + reach])), rel=1e-6)


@given(pairs())
@settings(max_examples=50, deadline=None)
def test_the_ratio_the_other_way_round_is_the_inverse(
    both: tuple[np.ndarray, np.ndarray],
) -> None:
    there, back = paired_ratio(*both), paired_ratio(*reversed(both))
    assert there.low <= there.ratio <= there.high
    assert (1 / back.ratio, 1 / back.high, 1 / back.low) == pytest.approx(there, rel=1e-9)


def test_a_growing_memory_is_no_noise() -> None:
    growth = np.array([1.0, 2.0, 4.0])  # the same in every round
    found = paired_ratio(np.tile(growth, (3, 1)), np.ones((3, 3)))
    assert found == pytest.approx((2, 2, 2))


def test_the_interval_holds_the_true_ratio_as_often_as_it_says() -> None:
    source = np.random.default_rng(0)
    held = 0
    for _ in range(2000):
        drift = source.normal(0, 0.3, (3, 4))  # of the machine, which both feel
        a = np.exp(drift + np.log(1.25) + source.normal(0, 0.1, (3, 4)))
        b = np.exp(drift + source.normal(0, 0.1, (3, 4)))
        found = paired_ratio(a, b)
        held += found.low <= 1.25 <= found.high
    assert 0.935 < held / 2000 < 0.965


def test_one_round_has_a_ratio_and_no_interval() -> None:
    found = paired_ratio(np.array([[2.0, 8.0]]), np.array([[1.0, 1.0]]))
    assert found.ratio == pytest.approx(4)
    assert math.isnan(found.low)
    assert [row.metric for row in rows("x", found, " gc")] == ["x gc"]


def test_turns_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(2, 1\) and \(1, 2\)"):
        paired_ratio(np.ones((2, 1)), np.ones((1, 2)))


class Fake:
    """A player whose turns take a fixed time; `log` is shared by all of them."""

    def __init__(
        self, name: str, log: list[str], seconds: float, *, turns: int = 2, breaks: int = 999
    ) -> None:
        self.name, self.log, self.seconds = name, log, seconds
        self.turns, self.breaks, self.played = turns, breaks, 0

    def turn(self) -> Turn:
        self.log.append(self.name)
        if self.played == self.breaks:
            raise RuntimeError("no memory")
        turn = Turn(*divmod(self.played, self.turns), self.seconds)
        self.played += 1
        return turn

    def rows(self) -> list[Row]:
        self.log.append(f"{self.name} rows")
        return [Row(None, None, "played", self.played, "1")]


PLAN = Plan(steps=5, chunk=2, rounds=2, seconds=0)


def test_methods_take_turns_and_the_ratio_names_its_baseline() -> None:
    log: list[str] = []
    ticks: list[int] = []
    found = alternate(
        {"gc": Fake("gc", log, 2.0), "stm": Fake("stm", log, 3.0)}, PLAN, baseline="gc",
        tick=lambda: ticks.append(1),
    )  # fmt: skip
    assert log == ["gc", "stm"] * 4 + ["gc rows", "stm rows"]
    assert len(ticks) == 8
    assert [row.metric for row in found["gc"]] == ["played"]
    assert {row.metric: row.value for row in found["stm"]} == pytest.approx({
        "played": 4, "frame_seconds_ratio gc": 1.5, "frame_seconds_ratio_low gc": 1.5,
        "frame_seconds_ratio_high gc": 1.5,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "most", "turns"),
    [(0, 50, 4), (11, 50, 6), (12, 50, 6), (13, 50, 8), (999, 3, 6)],
)
def test_rounds_go_on_until_the_fastest_method_has_enough_seconds(
    seconds: float, most: int, turns: int
) -> None:
    plan = Plan(steps=5, chunk=2, rounds=2, seconds=seconds, most=most)
    players = {"slow": Fake("slow", [], 5.0), "fast": Fake("fast", [], 2.0)}
    alternate(players, plan)
    assert [player.played for player in players.values()] == [turns, turns]


def test_a_method_that_raises_leaves_and_the_others_go_on() -> None:
    log: list[str] = []
    failed: list[tuple[str, str]] = []
    found = alternate(
        {"bad": Fake("bad", log, 1.0, breaks=1), "stm": Fake("stm", log, 3.0)}, PLAN,
        baseline="bad", fail=lambda name, error: failed.append((name, str(error))),
    )  # fmt: skip
    assert failed == [("bad", "no memory")]
    assert log == ["bad", "stm", "bad", "stm", "stm", "stm", "stm rows"]
    assert [row.metric for row in found.pop("stm")] == ["played"]
    assert not found


def test_without_anyone_to_tell_the_error_is_raised() -> None:
    with pytest.raises(RuntimeError, match="no memory"):
        alternate({"bad": Fake("bad", [], 1.0, breaks=0)}, PLAN)


def test_turns_are_laid_out_by_round() -> None:
    turns = [Turn(r, i, 10 * r + i) for r in range(2) for i in range(3)]
    assert by_round(turns).tolist() == [[0, 1, 2], [10, 11, 12]]


def test_noise_is_the_slowest_probe_over_the_fastest() -> None:
    found = noise.rows([Probe(2.0, 9.0), Probe(3.0, 6.0), Probe(2.5, 12.0)])
    assert {row.metric: row.value for row in found} == {
        "noise_gemm_ratio": 1.5, "noise_copy_ratio": 2.0, "noise_ratio": 2.0,
    }  # fmt: skip
    assert noise.rows([Probe(1.0, 1.0)]) == []


def test_a_probe_does_the_same_work_each_time_and_keeps_the_median(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prober = noise.Prober("cpu", noise.Work(4, 16))
    taken = iter([5.0, 1.0, 2.0, 30.0, 10.0, 20.0])
    done: list[object] = []
    monkeypatch.setattr(prober.clock, "time", lambda call: (done.append(call()), next(taken), {}))
    assert prober.probe() == Probe(2.0, 20.0)
    product, *_, copy = done
    assert product.tolist() == [[4.0] * 4] * 4  # type: ignore[attr-defined]
    assert copy.tolist() == [1.0] * 16  # type: ignore[attr-defined]
