"""Whole measurements at the smallest sizes, the roofline by hand, and the arithmetic options."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from vosbench.data import load
from vosbench.errors import UsageError
from vosbench.harness import arithmetic, speed
from vosbench.harness.settings import Settings
from vosbench.harness.speed import roofline
from vosbench.harness.speed.roofline import Machine, Work
from vosbench.harness.subject import Subject, prepare
from vosbench.memory import Cost, Growth, KeyScope, Memory, WritePolicy
from vosbench.results import Row

PLAN = speed.Plan(steps=4, chunk=2, warm_up=1, rounds=2, seconds=0, emulated=1)
SPEC = "synthetic:length=4,size=48x64,scenario=drift"


@pytest.fixture(autouse=True)
def _threads_as_they_were() -> object:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def subject(method: str = "gc", **changed: object) -> Subject:
    settings = Settings(methods=(method,), weights="none", short_side=48, threads=1)
    return prepare(method, Settings(**{**vars(settings), **changed}))  # type: ignore[arg-type]


def by_name(rows: list[Row]) -> dict[tuple[str, int | None], float]:
    return {(r.metric, r.t): r.value for r in rows}


def test_a_measurement_has_every_number_of_the_protocol() -> None:
    video = load(SPEC).videos[0]
    rows = speed.measure(subject(), video, PLAN)
    found = by_name(rows)
    assert len(found) == len(rows)
    stages = ("encode", "memory_encode", "write", "read", "decode", "prepare", "resize", "decide")
    for t in (1, 2, 3):
        split = [found[f"{stage}_seconds", t] for stage in stages]
        assert all(x >= 0 for x in split)
        assert found["read_seconds", t] > 0
        parts = found["roofline_macs_seconds", t], found["roofline_bytes_seconds", t]
        assert max(parts) <= found["roofline_seconds", t] * (1 + 1e-12)
        assert found["roofline_seconds", t] <= sum(parts) * (1 + 1e-12)
        spent = found["read_seconds", t] + found["write_seconds", t]
        assert found["roofline_ratio", t] == pytest.approx(spent / found["roofline_seconds", t])
    whole = {metric for metric, t in found if t is None}
    clocks = {
        f"clock_{kind}_{name}"
        for kind in ("seconds", "ratio")
        for name in ("stcn", "xmem", "cutie", "aot", "sam2")
    }
    assert whole == clocks | {
        "fps", "frame_seconds_p50", "frame_seconds_p90", "frame_seconds_p99", "frame_seconds_mean",
        "first_frame_seconds", "rounds", "threads", "noise_ratio", "noise_gemm_ratio",
        "noise_copy_ratio", "gemm_rate", "copy_rate", "roofline_ratio", "clock_sequence_frames",
    }  # fmt: skip
    assert found["threads", None] == torch.get_num_threads() == 1
    assert found["rounds", None] == 2
    assert found["noise_ratio", None] >= 1
    assert found["clock_ratio_cutie", None] <= found["clock_ratio_stcn", None]


def test_frames_are_decoded_before_anything_is_timed_and_each_round_starts_anew() -> None:
    log: list[str] = []
    inner = load(SPEC).videos[0]
    timed = subject()

    class Video:
        size = inner.size

        def __len__(self) -> int:
            return len(inner)

        def frame(self, t: int) -> np.ndarray:
            log.append("decode")
            return inner.frame(t)

        def given(self, t: int) -> np.ndarray | None:
            return inner.given(t)

    class Logged:
        def __init__(self) -> None:
            self.method, self.settings, self.name = "gc", timed.settings, "gc"
            self.network, self.policy, self.short_side = timed.network, timed.policy, 48

        def segmenter(self, **options: object) -> object:
            real = timed.segmenter(**options)  # type: ignore[arg-type]

            def step(frame: np.ndarray, given: np.ndarray | None) -> np.ndarray:
                log.append("first" if given is not None else "step")
                return real.step(frame, given)

            return SimpleNamespace(step=step)

    plan = speed.Plan(steps=4, chunk=2, warm_up=2, rounds=2, seconds=0, emulated=0)
    session = speed.Session(Logged(), Video(), plan)  # type: ignore[arg-type]
    assert log == []  # nothing runs before the first turn
    turns = [session.turn() for _ in range(4)]
    warm, rounds = ["first", "step"], ["first", "step", "step", "step"]
    assert log == ["decode"] * 4 + warm + rounds + rounds
    assert [(x.round, x.place) for x in turns] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert len(session.probes) == 4
    counted = [sum(x.whole for x in frames if x.t) for frames in session.rounds]
    assert [turns[0].seconds + turns[1].seconds, turns[2].seconds + turns[3].seconds] == (
        pytest.approx(counted)
    )


def test_two_methods_in_turns_get_a_ratio_with_an_interval() -> None:
    video = load(SPEC).videos[0]
    plan = speed.Plan(steps=4, chunk=2, warm_up=1, rounds=2, seconds=0, emulated=0)
    players = {m: speed.Session(subject(m), video, plan) for m in ("gc", "stm")}
    found = by_name(speed.alternate(players, plan, baseline="gc")["stm"])
    low, ratio, high = (found[f"frame_seconds_ratio{x} gc", None] for x in ("_low", "", "_high"))
    assert 0 < low <= ratio <= high


def test_half_precision_is_timed_beside_the_plain_one() -> None:
    video = load(SPEC).videos[0]
    found = by_name(speed.measure(subject(precision="bfloat16"), video, PLAN))
    low, ratio, high = (found[f"arithmetic_ratio{x}", None] for x in ("_low", "", "_high"))
    assert 0 < low <= ratio <= high
    assert 0 <= found["arithmetic_changed_pixels", None] <= 1


class Known(Memory):
    """Costs that are easy to count with."""

    growth = Growth.CONSTANT
    paper = "none"

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        return Cost(1000 * t, 500 * objects, 70 * t, 0)


def test_the_work_of_a_frame_is_what_no_implementation_can_avoid() -> None:
    memory = Known(key_dim=3, value_dim=5)
    every, fifth = WritePolicy(every=1), WritePolicy(every=5)
    # pixels 10, objects 2: query 4*10*3 = 120 bytes, readout 4*10*2*5 = 400, item 4*2*10*8 = 640
    assert roofline.read_work(memory, 4, 10, 2) == Work(4000, 280 + 120 + 400)
    assert roofline.write_work(memory, 4, 10, 2) == Work(1000, 640 + 2 * 280)
    memory.key_scope = KeyScope.SHARED  # one key for both objects: 4*10*(3 + 2*5) = 520
    assert roofline.write_work(memory, 4, 10, 2) == Work(1000, 520 + 2 * 280)
    memory.key_scope = KeyScope.PER_OBJECT
    assert roofline.frame_work(memory, every, 4, 10, 2) == [
        roofline.read_work(memory, 4, 10, 2),
        roofline.write_work(memory, 5, 10, 2),
    ]
    assert len(roofline.frame_work(memory, fifth, 4, 10, 2)) == 1  # nothing is written at t = 4
    assert len(roofline.frame_work(memory, fifth, 5, 10, 2)) == 2


def test_a_write_that_computes_nothing_need_not_take_time() -> None:
    memory = prepare("stm", Settings(methods=("stm",), weights="none")).network.memory
    assert memory.cost(3, 10, 2).write_macs == 0
    assert roofline.write_work(memory, 3, 10, 2) == Work(0, 0)


def test_the_roof_is_the_slower_of_arithmetic_and_traffic() -> None:
    machine = Machine(gemm_rate=100.0, copy_rate=10.0)
    assert machine.seconds(Work(500, 20)) == 5.0  # arithmetic
    assert machine.seconds(Work(100, 40)) == 4.0  # traffic
    work = {1: [Work(500, 20), Work(100, 40)], 2: [Work(300, 10)]}
    found = by_name(roofline.rows(machine, work, {1: 18.0, 2: 6.0}))
    assert found["roofline_seconds", 1] == 9.0
    assert found["roofline_macs_seconds", 1] == 6.0
    assert found["roofline_bytes_seconds", 1] == 6.0
    assert found["roofline_ratio", 1] == 2.0
    assert found["roofline_ratio", 2] == 2.0
    assert found["roofline_ratio", None] == 24.0 / 12.0
    assert (found["gemm_rate", None], found["copy_rate", None]) == (100.0, 10.0)


def test_rates_are_work_over_the_best_time(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = itertools.cycle([0.5, 0.25])
    now = itertools.count(0.0, roofline.LEAST / 3)
    monkeypatch.setattr(roofline.Clock, "now", lambda self: next(now))
    monkeypatch.setattr(roofline.Clock, "time", lambda self, call: (call(), next(taken), {}))
    machine = roofline.measure("cpu", [(2, 3, 5), (4, 5, 6)], moved=0)
    assert machine.gemm_rate == 4 * 5 * 6 / 0.25
    assert machine.copy_rate == roofline.SMALLEST / 0.25  # half is read, half written


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({}, "float32"),
        ({"precision": "bfloat16"}, "bfloat16"),
        ({"channels_last": False}, "float32, contiguous"),
    ],
)
def test_every_cell_says_the_arithmetic(changed: dict[str, object], text: str) -> None:
    assert subject(**changed).cell("accuracy").precision == text


@pytest.mark.parametrize("last", [True, False])
def test_the_layout_reaches_every_convolution_and_its_input(last: bool) -> None:
    network = subject(channels_last=last).network
    seen: list[bool] = []
    layout = torch.channels_last if last else torch.contiguous_format

    def look(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        assert isinstance(module, nn.Conv2d)
        seen.append(module.weight.is_contiguous(memory_format=layout))
        seen.append(inputs[0].is_contiguous(memory_format=layout))

    for part in (network.query_encoder, network.memory_encoder):
        for module in part.modules():
            if isinstance(module, nn.Conv2d) and module.in_channels > 4:  # past the first one
                module.register_forward_pre_hook(look)
    frame = torch.rand(1, 3, 48, 64).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        network.encode(frame)
        network.memorise(frame, torch.rand(2, 1, 48, 64), 0, given=True)
    assert len(seen) > 100
    assert all(seen)


def test_the_layout_changes_no_result() -> None:
    frame = torch.rand(1, 3, 48, 64).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        here, there = (
            subject(channels_last=last).network.encode(frame).key for last in (True, False)
        )
    torch.testing.assert_close(here, there, rtol=1e-4, atol=1e-5)


def test_all_but_the_memory_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[nn.Module] = []
    monkeypatch.setattr(nn.Module, "compile", lambda self: compiled.append(self))
    monkeypatch.setattr(arithmetic, "_compile_failure", lambda device: "")
    timed = subject(compile=True)
    network = timed.network
    assert {network.query_encoder, network.memory_encoder, network.decoder} == set(compiled)
    assert timed.cell("speed").precision == "float32, compiled"


def test_a_machine_that_cannot_compile_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(function: object) -> object:
        raise RuntimeError("InvalidCxxCompiler: No working C++ compiler found\nin CXX")

    arithmetic._compile_failure.cache_clear()
    monkeypatch.setattr(torch, "compile", fails)
    with pytest.raises(UsageError, match=r"No working C\+\+ compiler .* leave --compile out") as e:
        subject(compile=True)
    assert "\n" not in str(e.value)
    arithmetic._compile_failure.cache_clear()
