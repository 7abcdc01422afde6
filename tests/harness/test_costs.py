"""Costs counted on random features, against formulas, other counters and numbers in the paper."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vosbench import registry
from vosbench.harness import flops, growth, speed, table1
from vosbench.harness.features import Features
from vosbench.harness.settings import Settings
from vosbench.harness.subject import Subject, prepare
from vosbench.memory import WritePolicy
from vosbench.model.segmenter import reads
from vosbench.results import Row

METHODS = sorted(registry.methods())
TIMES = (1, 2, 6)
SIZE = (48, 64)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module", params=METHODS)
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    store: Path = tmp_path_factory.mktemp("store")
    return prepare(request.param, Settings(methods=(request.param,), weights="none", store=store))


def by_name(rows: list[Row]) -> dict[tuple[str, int | None], float]:
    return {(r.metric, r.t): r.value for r in rows}


policies = st.builds(
    WritePolicy,
    every=st.integers(1, 7),
    keep_first=st.booleans(),
    include_previous=st.booleans(),
)


@given(policies, st.sets(st.integers(1, 16), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_states_holds_as_many_frames_as_the_segmenter_reads_for_a_bank(
    policy: WritePolicy, times: set[int]
) -> None:
    features = Features(registry.build("stm", 4, 4), (1, 2), objects=1)
    seen = {
        t: live.key.shape[2] // 2 for t, _, live in features.states(policy, tuple(sorted(times)))
    }
    assert seen == {t: reads(policy, t) for t in times}


@given(policies, st.sets(st.integers(1, 16), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_states_counts_as_many_frames_as_the_segmenter_reads_for_a_mean(
    policy: WritePolicy, times: set[int]
) -> None:
    features = Features(registry.build("gc", 4, 4), (1, 2), objects=1)
    seen = {t: live.frames for t, _, live in features.states(policy, tuple(sorted(times)))}
    assert seen == {t: reads(policy, t) for t in times}


def test_features_are_the_same_at_every_call_and_of_the_shapes_asked_for() -> None:
    features = Features(registry.build("gc", 4, 6), (2, 3), objects=2)
    frame = features.frame(0)
    assert frame.key.shape == (2, 4, 2, 3)
    assert frame.value.shape == (2, 6, 2, 3)
    assert frame.mask.shape == (2, 1, 2, 3)
    assert torch.equal(frame.key, features.frame(5).key)
    assert (frame.given, features.frame(5).given) == (True, False)
    assert features.query().shape == (1, 4, 2, 3)


def test_three_counters_agree_on_every_method(subject: Subject) -> None:
    counted = {c: by_name(flops.measure(subject, c, SIZE, 2, TIMES)) for c in flops.COUNTERS}
    for t in TIMES:
        for name in ("read_macs", "write_macs"):
            formula = counted["analytic"][name, t]
            assert counted["torch"][name, t] == pytest.approx(formula, rel=0.01)
            assert counted["fvcore"][name, t] == pytest.approx(formula, rel=0.01)
    for name in ("encode_macs", "memory_encode_macs", "decode_macs"):
        assert counted["torch"][name, None] > 0
        assert counted["fvcore"][name, None] == pytest.approx(
            counted["torch"][name, None], rel=0.01
        )
    assert len({c["parameters", None] for c in counted.values()}) == 1


def test_measured_growth_is_what_the_formula_says(subject: Subject) -> None:
    measured = by_name(growth.measure(subject, "measured", SIZE, 2, TIMES))
    analytic = by_name(growth.measure(subject, "analytic", SIZE, 2, TIMES))
    assert len(analytic) == 2 * len(TIMES)
    for key, value in analytic.items():
        assert measured[key] == pytest.approx(value, rel=0.01), key


def test_a_constant_state_stays_and_a_bank_grows_with_the_frames_that_a_read_sees(
    subject: Subject,
) -> None:
    measured = by_name(growth.measure(subject, "measured", SIZE, 1, TIMES))
    first, last = (measured["state_bytes", t] for t in (TIMES[0], TIMES[-1]))
    growing = registry.get(subject.method).growth == "linear"
    factor = reads(subject.policy, TIMES[-1]) / reads(subject.policy, 1) if growing else 1
    if registry.get(subject.method).growth != "bounded":
        assert last == factor * first


@pytest.fixture
def _ten_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table1, "FRAMES", (1, 10))


@pytest.mark.usefixtures("_ten_frames")
@pytest.mark.parametrize(
    ("method", "giga_macs", "mebibytes"),
    [("stm", {1: 0.2, 10: 2.1}, {1: 4, 10: 39}), ("gc", {1: 0.04, 10: 0.04}, {1: 1, 10: 1})],
)
def test_table_1_gives_the_numbers_of_the_paper(
    method: str, giga_macs: dict[int, float], mebibytes: dict[int, float]
) -> None:
    # The paper prints 40 MiB for STM at t = 10 and 394 at t = 100, which are 39.4 and 393.75 here.
    rows = by_name(table1.measure(method))
    digits = 2 if method == "gc" else 1
    for t in (1, 10):
        assert round(rows["read_macs", t] / 1e9, digits) == giga_macs[t]
        temporary = max(rows["read_temporary_bytes", t], rows["write_temporary_bytes", t])
        assert round((rows["state_bytes", t] + temporary) / 2**20) == mebibytes[t]


def test_the_last_column_of_table_1_follows_from_the_formula() -> None:
    cost = registry.build("stm", 128, 512).cost(100, 24 * 24, 1)
    assert round(cost.read_macs / 1e9, 1) == 21.2
    assert round((cost.state_bytes + cost.temporary_bytes) / 2**20) == 394


def test_the_cells_of_table_1_name_what_they_are_of() -> None:
    cell = table1.cell("gc")
    assert (cell.method, cell.dataset, cell.size, cell.objects) == ("gc", "table1", "384x384", 1)


def test_speed_keeps_the_fastest_round_of_each_frame() -> None:
    rounds = [
        {"frame": [0.5, 0.2], "read": [0.1, 0.1]},
        {"frame": [0.3, 0.4], "read": [0.2, 0.05]},
    ]
    rows = by_name(speed.rows(rounds))
    assert rows["frame_seconds", 1] == 0.3
    assert rows["frame_seconds", 2] == 0.2
    assert (rows["read_seconds", 1], rows["read_seconds", 2]) == (0.1, 0.05)
    assert rows["fps", None] == pytest.approx(2 / (0.3 + 0.2))
    assert rows["frame_seconds_p50", None] == pytest.approx(0.35)  # of 0.2, 0.3, 0.4, 0.5
    assert rows["frame_seconds_p90", None] == pytest.approx(0.47)
    assert rows["frame_seconds_p99", None] == pytest.approx(0.497)


def test_the_clock_adds_up_the_seconds_of_a_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([1.0, 1.5, 4.0, 4.25])
    monkeypatch.setattr(speed.time, "perf_counter", lambda: next(ticks))
    clock = speed.Clock("cpu")
    for _ in range(2):
        with clock.stage("read"):
            pass
    assert clock.seconds == {"read": 0.75}
