"""CPU threads: part of what a speed is, and noted beside every number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.harness.here import Here
from tests.harness.small import Ticks, settings
from tests.report.fabricated import STAMP, fabricate
from vosbench.data import load
from vosbench.harness import speed
from vosbench.harness.run import Job, bench, plan
from vosbench.harness.settings import HARNESSES, Settings
from vosbench.harness.subject import Entry
from vosbench.report.costs import all_costs
from vosbench.report.evidence import load as evidence
from vosbench.results import Store

QUICK = speed.Plan(steps=3, chunk=2, warm_up=2, rounds=1, seconds=0, emulated=0)


def jobs(given: Settings) -> list[Job]:
    entries = [Entry.of(text, given) for text in given.methods]
    stretches = plan(given, entries, [load(spec) for spec in given.data])
    return [job for stretch in stretches for job in stretch.jobs]


def test_another_number_of_threads_makes_another_cell_of_speed_and_of_nothing_else(
    tmp_path: Path,
) -> None:
    one, two = (jobs(settings(tmp_path, harnesses=HARNESSES, threads=n)) for n in (1, 2))
    changed = {a.cell.harness for a, b in zip(one, two, strict=True) if a.cell != b.cell}
    assert changed == {"speed"}


def test_a_run_with_other_threads_measures_speed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "PLAN", QUICK)
    given = settings(tmp_path, methods=("gc",), harnesses=("speed",))
    measured = [bench(replace(given, threads=n), Ticks(), Here).measured for n in (1, 2, 1, 2)]
    assert measured == [1, 1, 0, 0]
    found = all_costs(evidence(tmp_path / "store"), "speed")  # settings: never one column
    for costs in found:
        assert f"{costs.whole('gc')['threads']:.0f} CPU threads" in costs.setting.protocol
    assert {costs.whole("gc")["threads"] for costs in found} == {1, 2}


def test_the_threads_of_a_worker_are_noted_beside_its_numbers(tmp_path: Path) -> None:
    given = settings(tmp_path, methods=("gc",), threads=1, workers=1)
    assert bench(given, Ticks()).measured == 1
    assert set(Store(tmp_path / "store").frame().threads) == {"1"}


def test_a_store_from_before_threads_were_noted_reads_as_unknown(tmp_path: Path) -> None:
    assert "threads" not in STAMP
    fabricate(tmp_path, ("gc",), harnesses=("accuracy",))
    assert set(Store(tmp_path).frame().threads) == {"unknown"}
