"""What lies inside each timed region, on a clock that only the stages move."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.harness.timed import BETWEEN, FIRST, MASK, STAGES, Hand, TimedSubject, frames
from vosbench.harness.settings import Settings
from vosbench.harness.speed import Clip, Clock, Plan, clocks, protocol, summary
from vosbench.harness.speed.beside import OtherClocks, PlainArithmetic
from vosbench.harness.speed.clock import Timing

WHOLE = sum(STAGES.values()) + BETWEEN  # 255 + 256
FIRST_WHOLE = sum(STAGES[name] for name in FIRST) + BETWEEN  # 241 + 256


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Hand:
    return Hand(monkeypatch)


def test_a_frame_is_timed_whole_and_by_stage(hand: Hand) -> None:
    clip = Clip(TimedSubject(hand), frames(3), MASK)
    first, second = clip.advance(2)
    assert (first.t, first.whole) == (0, FIRST_WHOLE)
    assert first.stages == {name: STAGES[name] for name in FIRST}
    assert second == Timing(1, WHOLE, STAGES)


def test_a_stage_that_is_entered_twice_adds_up_and_the_next_frame_starts_at_zero(
    hand: Hand,
) -> None:
    clock = Clock("cpu")

    def frame() -> str:
        for seconds in (1.0, 2.5):
            with clock.stage("read"):
                hand.move(seconds)
        return "ids"

    for _ in range(2):
        assert clock.time(frame) == ("ids", 3.5, {"read": 3.5})


def test_only_frame_0_is_handed_the_mask_and_the_clip_ends_with_its_frames(hand: Hand) -> None:
    subject = TimedSubject(hand)
    clip = Clip(subject, frames(4), MASK)
    assert [x.t for x in clip.turn(2)] == [0, 1, 2]  # frame 0 comes on top
    assert not clip.done
    assert [x.t for x in clip.turn(2)] == [3]
    assert clip.done
    given = subject.made[0].given
    assert given[0] is MASK
    assert given[1:] == [None, None, None]


@pytest.mark.parametrize(
    ("name", "mean"),
    [  # of frame 0 and 69 more; 511 = all, 497 = all of frame 0
        ("stcn", (497 - 1 + 69 * (511 - 1)) / 70),  # without scaling
        ("xmem", (497 - 129 + 69 * (511 - 129)) / 70),  # without scaling and argmax
        ("cutie", (497 - 193 + 69 * (511 - 193)) / 70),  # nor upsampling
        ("aot", 511 - 1),  # frame 0 left out
        ("sam2", (497 - 129 + 69 * (511 - 129)) / 70),
    ],
)
@pytest.mark.parametrize("timed", [3, 4])  # frames: frame 0 weighs the same in all means
def test_a_preset_counts_the_stages_of_its_own_timed_region(
    hand: Hand, name: str, mean: float, timed: int
) -> None:
    timings = Clip(TimedSubject(hand), frames(timed), MASK).advance(timed)
    assert clocks.seconds(clocks.PRESETS[name], timings) == mean
    seconds, ratio = clocks.rows(name, timings, timings)
    assert (seconds.metric, seconds.value) == (f"clock_seconds_{name}", mean)
    assert (ratio.metric, ratio.value) == (f"clock_ratio_{name}", mean / 511)


def test_presets_ask_for_their_own_precision_and_objects() -> None:
    on_cpu = SimpleNamespace(settings=Settings(methods=()))
    on_cuda = SimpleNamespace(settings=Settings(methods=(), device="cuda"))
    asked = {
        name: (clocks.variant(p, on_cpu, 3), clocks.variant(p, on_cuda, 3))  # type: ignore[arg-type]
        for name, p in clocks.PRESETS.items()
    }
    plain = (("float32", 3), ("float32", 3))
    assert asked == {
        "stcn": plain, "cutie": plain, "aot": plain,
        "xmem": (("bfloat16", 3), ("float16", 3)),
        "sam2": (("bfloat16", 1), ("bfloat16", 1)),
    }  # fmt: skip


def test_an_adapted_run_has_the_precision_and_the_first_objects_alone(hand: Hand) -> None:
    from vosbench.harness.subject import prepare

    subject = prepare("gc", Settings(methods=("gc",), weights="none"))
    changed, mask = clocks.adapted(subject, MASK, clocks.Variant("bfloat16", 1))
    assert changed.network is subject.network
    assert changed.settings.precision == "bfloat16"
    assert mask.tolist() == [[0, 1], [0, 0]]
    assert subject.settings.precision == "float32"


def test_other_clocks_run_in_the_first_turns_only_and_compare_the_same_frames(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, halves = TimedSubject(hand), TimedSubject(hand)
    monkeypatch.setattr(clocks, "adapted", lambda subject, given, wanted: (halves, given))
    plan = Plan(steps=5, chunk=2, warm_up=1, emulated=1)
    beside = OtherClocks(own, frames(5), MASK, plan)  # type: ignore[arg-type]
    assert len(halves.made) == 4  # two variants (XMem, SAM 2), each warmed up and then begun
    clip = Clip(own, frames(5), MASK)
    rounds = []
    for index in range(plan.turns):
        rounds += clip.turn(plan.chunk)
        beside.turn(index, clip)
    assert sorted(len(x.given) for x in halves.made) == [1, 1, 3, 3]  # t = 0, 1, 2 of five frames
    found = {row.metric: row.value for row in beside.rows([rounds])}
    assert found["clock_seconds_xmem"] == (497 - 129 + 69 * (511 - 129)) / 70
    assert found["clock_ratio_xmem"] == found["clock_seconds_xmem"] / 511
    assert found["clock_seconds_stcn"] == (497 - 1 + 69 * (511 - 1)) / 70
    assert found["clock_sequence_frames"] == 70
    assert len(found) == 11


def test_the_cost_of_an_arithmetic_is_the_share_of_pixels_that_change(hand: Hand) -> None:
    def ids(t: int) -> np.ndarray:
        return np.array([[0, 1], [1, 2]], np.uint8)

    def others(t: int) -> np.ndarray:
        return np.array([[0, 1], [1, 1 if t == 2 else 2]], np.uint8)

    plan = Plan(steps=3, chunk=1, warm_up=1)
    ours = TimedSubject(hand, ids)
    beside = PlainArithmetic(TimedSubject(hand, others), frames(3), MASK, plan)  # type: ignore[arg-type]
    rounds = []
    for _ in range(2):
        clip = Clip(ours, frames(3), MASK)
        beside.begin()
        rounds.append([])
        for index in range(plan.turns):
            rounds[-1] += clip.turn(plan.chunk)
            beside.turn(index, clip)
    found = {row.metric: row.value for row in beside.rows(rounds)}
    assert found["arithmetic_changed_pixels"] == 1 / 8  # one of four at t = 2, none at t = 1
    assert found["arithmetic_ratio"] == found["arithmetic_ratio_low"] == 1


def test_the_summary_keeps_the_fastest_round_and_sets_frame_0_apart() -> None:
    rounds = [
        [Timing(0, 9.0, {}), Timing(1, 0.5, {"read": 0.1}), Timing(2, 0.2, {"read": 0.1})],
        [Timing(0, 8.0, {}), Timing(1, 0.3, {"read": 0.2}), Timing(2, 0.4, {"read": 0.05})],
    ]
    found = {(row.metric, row.t): row.value for row in summary.rows(rounds)}
    assert [found["frame_seconds", t] for t in (1, 2)] == [0.3, 0.2]
    assert [found["read_seconds", t] for t in (1, 2)] == [0.1, 0.05]
    assert ("frame_seconds", 0) not in found
    assert found["first_frame_seconds", None] == 8.0
    assert found["fps", None] == pytest.approx(2 / (0.3 + 0.2))
    assert found["frame_seconds_mean", None] == pytest.approx(0.35)
    assert found["frame_seconds_p50", None] == pytest.approx(0.35)  # of 0.2, 0.3, 0.4, 0.5
    assert found["frame_seconds_p90", None] == pytest.approx(0.47)
    assert found["frame_seconds_p99", None] == pytest.approx(0.497)
    assert found["rounds", None] == 2


class Event:
    """A CUDA event on a stream that knows only the fake hand."""

    hand: Hand

    def __init__(self, enable_timing: bool) -> None:
        assert enable_timing

    def record(self, stream: str) -> None:
        assert stream == "stream of cuda:0"
        self.at = self.hand.seconds

    def elapsed_time(self, other: Event) -> float:
        return 1000 * (other.at - self.at)


def test_on_cuda_the_device_is_synchronised_at_both_ends_of_a_frame_and_nowhere_between(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: list[str] = []
    Event.hand = hand
    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: f"stream of {device}")
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: log.append(f"sync {device}"))
    clock = Clock("cuda:0")

    def frame() -> None:
        for name in ("encode", "read", "read"):
            with clock.stage(name):
                log.append(name)
                hand.move(2.0)

    for _ in range(2):
        log.clear()
        _, whole, stages = clock.time(frame)
        assert log == ["sync cuda:0", "encode", "read", "read", "sync cuda:0"]
        assert whole == 6.0
        assert stages == {"encode": 2.0, "read": 4.0}


def test_the_protocol_is_one_sentence_with_every_number_of_the_plan() -> None:
    plan = Plan(steps=8, chunk=3, warm_up=4, rounds=6, seconds=2.5)
    text = protocol(Settings(methods=(), threads=7), plan)
    for part in (
        "t = 1..7", "frame 0 apart", "4 warm-up frames", "at least 6 rounds and 2.5 s",
        "turns of 3 frames", "7 CPU threads", "files outside",
    ):  # fmt: skip
        assert part in text
    assert "synchronised" not in text
    assert "synchronised before and after" in protocol(
        Settings(methods=(), device="cuda", threads=1), plan
    )
