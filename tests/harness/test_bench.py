"""Whole runs at the smallest sizes: what becomes of a plan and of its outcomes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from tests.harness import faults
from tests.harness.here import Here
from tests.harness.small import DATA, Ticks, settings
from vosbench import registry
from vosbench.cli.runs import matched
from vosbench.errors import DataError
from vosbench.harness import speed
from vosbench.harness.run import Job, bench
from vosbench.results import Cell, Store

QUICK = speed.Plan(steps=3, chunk=2, warm_up=2, rounds=1, seconds=0, emulated=0)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A method that writes, and fails at every read."""
    text = faults.module("broken", faults.BODIES["raises"])
    faults.install(tmp_path / "site", monkeypatch, {"broken": text})
    return "broken"


def test_accuracy_writes_cells_and_pictures_and_a_second_run_measures_nothing(
    tmp_path: Path,
) -> None:
    ticks = Ticks()
    summary = bench(settings(tmp_path, workers=2), ticks)  # in worker processes, as users run it
    assert (summary.measured, summary.present, summary.failed) == (2, 0, [])
    assert ticks.done == ticks.promised == 2 * 4

    store = Store(tmp_path / "store")
    cells = store.cells()
    assert sorted(c.method for c in cells) == ["gc", "stm"]
    assert {(c.harness, c.size, c.weights) for c in cells} == {("accuracy", "48x64", "untrained")}
    frame = store.frame()
    assert set(frame["metric"]) == {"J", "F", "swap_pixels", "planned_sequences"}
    quality = frame[frame["metric"].isin(["J", "F"])]["value"]
    assert quality.between(0, 1).all()

    for cell in cells:
        folder = store.folder / "predictions" / cell.folder
        names = sorted(p.name for p in folder.iterdir())
        assert names == [f"{t:05}.png" for t in range(4)]
        ids = np.asarray(Image.open(folder / "00003.png"))
        assert ids.shape == (48, 64)
        assert ids.max() <= cell.objects
        assert (store.folder / "strips" / cell.folder / "strip.webp").is_file()

    before = store.path.read_bytes()
    again = bench(settings(tmp_path), Ticks())
    assert (again.measured, again.present, again.failed) == (0, 2, [])
    assert store.path.read_bytes() == before


def test_worker_processes_and_this_process_measure_the_same(tmp_path: Path) -> None:
    wanted = {"methods": ("gc",), "harnesses": ("accuracy", "growth"), "growth_t": 2}
    bench(settings(tmp_path / "a", **wanted), Ticks())
    bench(settings(tmp_path / "b", **wanted), Ticks(), Here)
    found = []
    for name in "ab":
        frame = Store(tmp_path / name / "store").frame()
        numbers = frame[["harness", "object", "t", "metric", "value"]]
        numbers = numbers[numbers.metric != "rss_bytes"]  # of the whole process
        found.append(numbers.reset_index(drop=True).astype({"harness": str, "metric": str}))
    pd.testing.assert_frame_equal(*found)


def test_a_method_that_raises_costs_only_its_own_cells(tmp_path: Path, broken: str) -> None:
    ticks = Ticks()
    summary = bench(settings(tmp_path, methods=(broken, "gc")), ticks, Here)
    assert summary.measured == 1
    assert len(summary.failed) == 1
    assert summary.failed[0].startswith("broken accuracy")
    assert summary.failed[0].endswith("RuntimeError: this memory forgot everything")
    store = Store(tmp_path / "store")
    (failure,) = store.failures().itertuples()
    assert failure.method == "broken"
    assert failure.error == "RuntimeError: this memory forgot everything"
    assert "faults/broken.py" in failure.traceback
    assert "raise RuntimeError" in failure.traceback
    assert [c.method for c in store.cells()] == ["gc"]
    assert ticks.done == ticks.promised


def test_a_failed_cell_is_tried_again_by_the_next_run(tmp_path: Path, broken: str) -> None:
    few = settings(tmp_path, methods=(broken,))
    bench(few, Ticks(), Here)
    again = bench(few, Ticks(), Here)
    assert (again.measured, again.present, len(again.failed)) == (0, 0, 1)


def test_speed_and_growth_write_their_cells_and_survive_a_method_that_raises(
    tmp_path: Path, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "PLAN", QUICK)
    both = settings(tmp_path, methods=("gc", broken), harnesses=("growth", "speed"), growth_t=2)
    summary = bench(both, Ticks())
    # gc: measured and analytic growth, speed; broken: analytic growth alone
    assert summary.measured == 4
    assert len(summary.failed) == 2
    assert all("broken" in line for line in summary.failed)
    frame = Store(tmp_path / "store").frame()
    seconds = frame[frame["metric"] == "frame_seconds"]
    assert seconds["t"].tolist() == [1, 2]
    assert (seconds["value"] > 0).all()
    assert bench(both, Ticks(), Here).present == 4


def test_two_presets_or_sizes_keep_their_own_pictures(tmp_path: Path) -> None:
    for side in (48, 32):
        bench(settings(tmp_path, methods=("gc",), short_side=side), Ticks(), Here)
    cells = Store(tmp_path / "store").cells()
    folders = {cell.folder for cell in cells}
    assert len(folders) == 2
    assert all(folder.split("/")[1].startswith("gc-") for folder in folders)
    for folder in folders:
        assert len(list((tmp_path / "store/predictions" / folder).iterdir())) == 4


def test_a_plugin_that_cannot_be_imported_is_noted_once_and_forgotten_when_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = settings(tmp_path, methods=("gc",))
    monkeypatch.setattr(registry, "_failures", {"my.plugin": "ImportError: no engine"})
    for _ in range(2):
        bench(few, Ticks(), Here)
    store = Store(tmp_path / "store")
    assert store.failures()["error"].tolist() == ["ImportError: no engine"]
    assert store.path.read_bytes().count(b"no engine") == 1
    monkeypatch.setattr(registry, "_failures", {})
    bench(few, Ticks(), Here)
    assert store.failures().empty


@pytest.mark.parametrize("fault", ["1 / 0", "raise ValueError('not by 48')"])
def test_a_method_that_cannot_be_built_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    text = faults.module("unborn", fault, head="__init__(self, key_dim, value_dim)")
    faults.install(tmp_path / "site", monkeypatch, {"unborn": text})
    summary = bench(settings(tmp_path, methods=("unborn", "gc")), Ticks(), Here)
    assert summary.measured == 1
    assert len(summary.failed) == 1
    assert ("ZeroDivisionError" in summary.failed[0]) == (fault == "1 / 0")
    (failure,) = Store(tmp_path / "store").failures().itertuples()
    assert (failure.harness, failure.method) == ("plugins", "unborn")
    assert fault in failure.traceback


def test_a_store_that_can_no_longer_be_written_ends_the_run_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Store.append

    def append(self: Store, cell: Cell, *rest: object) -> None:
        if cell.method == "stm":
            raise DataError("store x cannot be written: No space left on device")
        real(self, cell, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "append", append)
    with pytest.raises(DataError, match="No space left"):
        bench(settings(tmp_path), Ticks(), Here)
    monkeypatch.undo()
    assert [c.method for c in Store(tmp_path / "store").cells()] == ["gc"]
    assert bench(settings(tmp_path), Ticks(), Here).present == 1


def test_a_job_is_plain_data(tmp_path: Path) -> None:
    import pickle

    from vosbench.data import load
    from vosbench.harness.run import plan
    from vosbench.harness.subject import Entry

    given = settings(tmp_path, harnesses=("accuracy", "flops", "growth", "speed"))
    entries = [Entry.of(text, given) for text in given.methods]
    stretches = plan(given, entries, [load(DATA)])
    found = [job for stretch in stretches for job in stretch.jobs]
    assert [s.title for s in stretches if s.beside] == [f"{DATA}: accuracy"]
    assert [s.title for s in stretches if s.turns] == [f"{DATA}: speed"]
    harnesses = {"accuracy", "flops", "scaling", "growth", "speed", "table1"}
    assert {job.cell.harness for job in found} == harnesses
    for job in found:
        back: Job = pickle.loads(pickle.dumps(job))
        assert replace(back, video=None) == replace(job, video=None)
        assert back.video is None or (back.video.frame(1) == job.video.frame(1)).all()  # type: ignore[union-attr]


def test_an_infinite_number_is_a_failure_of_the_method_and_not_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = faults.module(
        "endless", "return Cost(0, 0, float('inf'), 0)", head="cost(self, t, pixels, objects)"
    )
    faults.install(tmp_path / "site", monkeypatch, {"endless": endless})
    summary = bench(
        settings(tmp_path, methods=("endless",), harnesses=("growth",), growth_t=2), Ticks(), Here
    )
    assert summary.measured == 1
    assert len(summary.failed) == 1
    assert "infinite" in summary.failed[0]


def test_a_run_in_equal_room_stores_once_what_each_method_takes_and_who_is_left_out(
    tmp_path: Path,
) -> None:
    """48 x 64: 12 locations of 64 + 128 floats and two objects, 18,432 bytes a frame; GC has more
    than the cap."""
    given = matched(settings(tmp_path, methods=("gc", "stm")), "40000B")
    for _ in range(2):
        bench(given, Ticks(), Here)
    frame = Store(tmp_path / "store").frame()
    frame = frame[frame.harness == "matched"]
    assert set(frame.protocol) == {"--match-state 40000B"}
    assert set(frame.dataset) == {DATA}
    assert set(frame["size"]) == {"48"}
    assert set(frame.parameters[frame.method == "stm"]) == {
        '{"policy_every":2,"policy_include_previous":false}'
    }
    common = {"limit": 40000.0, "videos": 1.0, "first_frame_alone": 0.0}
    found = {name: dict(zip(part.metric, part.value, strict=True))
             for name, part in frame.groupby("method", observed=True)}  # fmt: skip
    assert found == {
        "gc": common | {"taken": 65536.0, "fits": 0.0},
        "stm": common | {"taken": 36864.0, "fits": 1.0, "set policy_every": 2.0},
    }
    lines = (tmp_path / "store" / "records.jsonl").read_text("utf-8")
    assert lines.count('"harness":"matched"') == 2


def test_records_note_the_methods_own_parameters_and_policy_beside_what_was_set(
    tmp_path: Path,
) -> None:
    bench(settings(tmp_path, methods=("stcn:policy_every=2",)), Ticks())
    (row,) = set(Store(tmp_path / "store").frame()[["parameters", "defaults"]].itertuples(False))
    assert row.parameters == '{"policy_every":2}'
    own = json.loads(row.defaults)
    assert (own["policy_every"], own["policy_include_previous"]) == (5, False)
    assert (own["key_dim"], own["value_dim"]) == (64, 128)
