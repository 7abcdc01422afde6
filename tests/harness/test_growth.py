"""Bytes over t: sampling, the fitted exponent, contracts, limits, and what runs out of memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.plugins import Boxed, Diary, Endless, Faulty, Greedy, Sawtooth, Tape
from vosbench import registry
from vosbench.errors import PluginError, UsageError
from vosbench.harness import growth
from vosbench.harness.features import Features
from vosbench.harness.growth import parse_bytes, show_bytes, track
from vosbench.harness.growth.limit import UNITS
from vosbench.harness.growth.sample import resident_bytes
from vosbench.harness.settings import FRAMES, Settings
from vosbench.memory import Growth, Memory, WritePolicy
from vosbench.results import Row

EVERY = WritePolicy(every=1)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def follow(
    memory: Memory, last: int, limit: int | None = None, policy: WritePolicy = EVERY
) -> list[Row]:
    """Rows of a memory on a grid of two locations that writes every frame, or as told."""
    with torch.inference_mode():
        return track(Features(memory, (1, 2), objects=1), policy, growth.times(last), limit)


def whole(rows: list[Row]) -> dict[str, float]:
    """Metric -> value of the rows without t."""
    return {r.metric: r.value for r in rows if r.t is None}


def curve(rows: list[Row], metric: str) -> dict[int, float]:
    return {r.t: r.value for r in rows if r.metric == metric and r.t is not None}


def test_times_are_a_geometric_series_that_holds_one_two_five_and_ends_where_asked() -> None:
    times = growth.times(2000)
    assert len(times) < 40
    assert (times[0], times[-1]) == (1, 2000)
    assert {m * 10**e for e in range(3) for m in (1, 2, 5)} < set(times)
    steps = np.diff(np.log(times[5:]))
    assert steps.max() < np.log(1.4)
    assert set(FRAMES) <= set(growth.times(100))
    assert growth.times(137)[-2:] == (125, 137)
    assert growth.times(1) == (1,)


def test_a_bank_grows_with_exponent_one_and_a_context_with_exponent_zero() -> None:
    tape = whole(follow(Tape(2, 2), 100))
    assert tape["state_growth_exponent"] == pytest.approx(1)
    low, high = tape["state_growth_exponent_low"], tape["state_growth_exponent_high"]
    assert low == pytest.approx(high) == pytest.approx(1)
    context = whole(follow(registry.build("gc", 4, 4), 100))
    assert context["state_growth_exponent"] == context["state_growth_exponent_high"] == 0


def test_bytes_of_a_tape_are_those_that_a_hand_counts() -> None:
    rows = follow(Tape(2, 2), 20)
    readout = 4 * 2 * 2
    for t in growth.times(20):
        assert curve(rows, "state_bytes")[t] == 4 * t
        assert curve(rows, "branch_bytes")[t] == 0
        assert curve(rows, "read_temporary_bytes")[t] == 0
        assert curve(rows, "write_temporary_bytes")[t] == 0
        # the old tape, and the larger of the readout and the tape that the write returns
        assert curve(rows, "peak_bytes")[t] == 4 * t + max(readout, 4 * (t + 1))


def test_a_memory_that_declares_constant_and_grows_fails_with_one_clear_line() -> None:
    with pytest.raises(PluginError) as caught:
        follow(Tape(2, 2, growth=Growth.CONSTANT), 100)
    assert caught.value.args == (
        "declares constant growth: expected one size; got 4 B at t = 1, 400 B at t = 100; "
        "keep to it, or declare what is true",
    )


def test_a_bounded_memory_keeps_to_the_bound_that_its_formula_states() -> None:
    follow(Tape(2, 2, growth=Growth.BOUNDED), 10)  # 40 bytes: at the bound
    with pytest.raises(PluginError, match=r"at most 40 B, .*; got 80 B at t = 20"):
        follow(Tape(2, 2, growth=Growth.BOUNDED), 20)


def test_a_bounded_memory_whose_formula_has_no_bound_fails() -> None:
    with pytest.raises(PluginError, match=r"one bound; got 4000000 B .*, 40000000 B"):
        follow(Endless(2, 2, growth=Growth.BOUNDED), 10)


# at t the tape needs 4 t + max(16, 4 (t + 1)) = 8 t + 4 bytes from t = 3 on
@pytest.mark.parametrize("last", [60, 100, 2000])
@pytest.mark.parametrize(("limit", "end"), [(404, 51), (403, 50), (40, 5), (19, 1)])
def test_the_first_frame_that_does_not_fit_is_found_whatever_is_sampled(
    last: int, limit: int, end: int
) -> None:
    rows = follow(Tape(2, 2), last, limit)
    found = whole(rows)
    assert found["memory_limit_bytes"] == limit
    assert found["ends_at_t"] == end
    assert found["ends_because:memory limit"] == 1
    peaks = curve(rows, "peak_bytes")
    assert max(peaks, default=0) == end - 1
    assert max(peaks.values(), default=0) <= limit


# it holds t frames up to t = 9, then 4 to 9 again every six; 9 frames of 4 bytes, and 416 to write
@pytest.mark.parametrize("last", [50, 100, 2000])
def test_a_peak_between_the_times_asked_for_is_found_and_holds_against_the_limit(last: int) -> None:
    free = follow(Sawtooth(2, 2, growth=Growth.BOUNDED), last)
    peaks = curve(free, "peak_bytes")
    assert 9 not in growth.times(last)
    assert peaks[9] == max(peaks.values()) == 4 * 9 + 416
    assert max(curve(free, "state_bytes").values()) == 4 * 9
    assert curve(free, "state_bytes")[10] == 4 * 4
    tight = whole(follow(Sawtooth(2, 2, growth=Growth.BOUNDED), last, limit=451))
    assert (tight["ends_at_t"], tight["ends_because:memory limit"]) == (9, 1)
    assert "ends_at_t" not in whole(follow(Sawtooth(2, 2, growth=Growth.BOUNDED), last, limit=452))


def test_a_sawtooth_is_no_constant_state_even_where_every_time_asked_for_sees_one_size() -> None:
    features, asked = Features(Sawtooth(2, 2, growth=Growth.CONSTANT), (1, 2), objects=1), (8, 14)
    with pytest.raises(PluginError, match=r"got 32 B at t = 8, 16 B at t = 10"):
        track(features, EVERY, asked)


@pytest.mark.parametrize("last", [60, 91])
def test_a_frame_that_is_written_for_good_leaves_no_branch_and_still_does_not_hide_an_end(
    last: int,
) -> None:
    policy = WritePolicy(every=5, include_previous=True)

    def peak(t: int) -> int:
        kept, seen = policy.kept(t), policy.seen(t)
        branch = 0 if seen == kept else 4 * kept
        return 4 * seen + branch + max(16, 4 * (kept + 1))

    needs = [peak(t) for t in range(1, last + 1)]
    assert needs != sorted(needs)
    for limit in range(40, max(needs), 4):
        end = next(t for t, need in enumerate(needs, 1) if need > limit)
        assert whole(follow(Tape(2, 2), last, limit, policy))["ends_at_t"] == end


def test_a_memory_that_fits_does_not_end() -> None:
    found = whole(follow(registry.build("gc", 4, 4), 100, limit=2**20))
    assert found["memory_limit_bytes"] == 2**20
    assert not [name for name in found if name.startswith("ends")]


def test_memory_that_really_runs_out_ends_the_method_in_the_same_way() -> None:
    rows = follow(Greedy(2, 2), 50)  # asks for 2^50 bytes once it holds 7 frames
    found = whole(rows)
    assert found["ends_at_t"] == 7
    assert found["ends_because:out of memory"] == 1
    assert max(curve(rows, "state_bytes")) == 6


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory")])
def test_errors_of_python_and_of_the_device_end_it_too(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(state: object, query: object) -> None:
        raise error

    memory = Diary(2, 2)
    monkeypatch.setattr(memory, "read", refuse)
    assert whole(follow(memory, 50))["ends_at_t"] == 1


def test_an_error_of_another_kind_is_not_taken_for_a_lack_of_memory() -> None:
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        follow(Faulty(2, 2), 50)


def test_a_state_whose_bytes_nobody_can_count_is_refused_and_not_taken_for_an_empty_one() -> None:
    with pytest.raises(PluginError) as caught:
        follow(Boxed(2, 2), 5)
    assert caught.value.args == (
        "its state holds a Box, whose bytes cannot be counted: expected tensors and numbers; "
        "make the Box a NamedTuple of them",
    )


@pytest.mark.parametrize("unit", UNITS)
def test_a_size_is_a_number_with_a_unit(unit: str) -> None:
    assert parse_bytes(f"3{unit}") == parse_bytes(f" 3 {unit.lower()} ") == 3 * UNITS[unit]


@pytest.mark.parametrize("text", ["", "GiB", "4 gigs", "-1GiB", "0", "1e3", "4GiB GiB", "nan"])
def test_what_is_no_size_is_refused_with_what_one_looks_like(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not a size in bytes: .*as in 4GiB"):
        parse_bytes(text)


@given(st.integers(1, 2**50))
def test_a_size_shown_reads_back_as_itself(size: int) -> None:
    assert parse_bytes(show_bytes(size)) == size


def test_cells_with_a_limit_or_a_further_t_have_names_of_their_own() -> None:
    plain = growth.protocols(Settings(methods=()))
    assert plain == ("measured", "analytic")
    others = [
        growth.protocols(Settings(methods=(), growth_t=t, memory_limit=limit))[0]
        for t, limit in ((2000, None), (100, 2**30), (2000, 2**30), (2000, 2**31))
    ]
    assert len({*plain, *others}) == 6


def test_the_resident_bytes_are_of_this_process() -> None:
    seen = resident_bytes()
    if seen is None:
        pytest.skip("no /proc/self/statm here")
    ballast = np.ones(50_000_000 // 8)
    grown = resident_bytes()
    assert grown is not None
    assert grown - seen == pytest.approx(ballast.nbytes, rel=0.2)
