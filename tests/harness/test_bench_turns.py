"""Methods timed in turns with the first one of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.harness import faults
from tests.harness.here import Here
from tests.harness.small import Ticks, settings
from vosbench.harness import speed
from vosbench.harness.run import bench
from vosbench.results import Store

QUICK = speed.Plan(steps=3, chunk=2, warm_up=2, rounds=1, seconds=0, emulated=0)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize(("room", "turns"), [(9, 3), (2, 4)])
def test_every_method_is_timed_beside_the_first_one_however_few_fit_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int, turns: int
) -> None:
    monkeypatch.setattr(speed, "PLAN", QUICK)
    monkeypatch.setattr(Here, "room", room)
    asked: list[str] = []
    real = Here.ask
    monkeypatch.setattr(
        Here, "ask", lambda self, job, verb: (asked.append(verb), real(self, job, verb))[1]
    )
    methods = ("gc", "stm", "gc:policy_every=2")
    summary = bench(settings(tmp_path, methods=methods, harnesses=("speed",)), Ticks(), Here)
    assert (summary.measured, summary.failed) == (3, [])
    assert asked.count("turn") == turns * QUICK.turns
    frame = Store(tmp_path / "store").frame()
    ratios = frame[frame.metric == "frame_seconds_ratio gc"]
    assert set(zip(ratios.method, ratios.parameters, strict=True)) == {
        ("stm", "{}"), ("gc", '{"policy_every":2}'),
    }  # fmt: skip


def test_a_method_timed_alone_is_timed_again_once_there_is_another_to_compare_it_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "PLAN", QUICK)
    alone = settings(tmp_path, methods=("stm",), harnesses=("speed",))
    both = replace(alone, methods=("gc", "stm"))
    assert bench(alone, Ticks(), Here).measured == 1
    assert bench(both, Ticks(), Here).measured == 2
    frame = Store(tmp_path / "store").frame()
    assert set(frame.method[frame.metric == "frame_seconds_ratio gc"]) == {"stm"}
    assert bench(both, Ticks(), Here).present == 2


def test_a_ratio_to_a_method_whose_code_changed_is_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "PLAN", QUICK)
    good = faults.module("good", "return state.value, state")
    package = faults.install(tmp_path / "site", monkeypatch, {"good": good})
    both = settings(tmp_path, methods=("good", "gc"), harnesses=("speed",))
    assert bench(both, Ticks(), Here).measured == 2
    assert bench(both, Ticks(), Here).present == 2
    (package / "good.py").write_text(good + "\n# changed\n")
    assert bench(both, Ticks(), Here).measured == 2
    assert bench(both, Ticks(), Here).present == 2
