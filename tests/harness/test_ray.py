"""Cells spread over Ray: shares of nodes, deaths of workers, records equal to local ones.

Ray itself is stood in for, so that its workers die when a test says so.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.harness import faults
from tests.harness.fakeray import FakeRay, files
from tests.harness.here import Here
from tests.harness.small import Ticks, settings
from tests.harness.test_kill import measured
from vosbench.data import load
from vosbench.errors import DataError, UsageError
from vosbench.harness import speed
from vosbench.harness.run import Job, bench, plan
from vosbench.harness.run.executor import WorkerError
from vosbench.harness.run.messages import Failed
from vosbench.harness.run.ray import cluster, node
from vosbench.harness.run.ray.cluster import Cluster
from vosbench.harness.run.ray.share import Share, alone, beside
from vosbench.harness.settings import Settings
from vosbench.harness.subject import Entry
from vosbench.results import Failure, Row, Store

TWO = "synthetic:length=3,size=48x64,scenario=drift+deform"
QUICK = speed.Plan(steps=3, chunk=2, warm_up=2, rounds=1, seconds=0, emulated=0)
NODES = FakeRay(cpus=(2, 8, 4)).nodes()
CUDA = FakeRay(cpus=(16, 8), gpus=2).nodes()


class Near(Here):
    """The local executor's manners without its processes."""

    def answer(self, job: Job, verb: str) -> Any:
        found = self.ask(job, verb)
        if isinstance(found, Failed):
            raise WorkerError(found.failure)
        return found.value


class NearSeat(Near):
    def __init__(self, order: node.Order) -> None:
        store = Path(tempfile.mkdtemp())
        store.rmdir()
        super().__init__(replace(order.settings, store=store))
        self.order = order


@pytest.fixture
def _near(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measures in this process what a node would in one of its own."""
    monkeypatch.setattr(node, "Local", Near)
    monkeypatch.setattr(node, "_Seat", NearSeat)
    monkeypatch.setattr(node, "_seats", [])


def jobs(given: Settings) -> list[Job]:
    entries = [Entry.of(text, given) for text in given.methods]
    return list(plan(given, entries, [load(spec) for spec in given.data])[0].jobs)


def steady(store: Path) -> dict[str, list[Row]]:
    """Cell -> its numbers, but for what the process as a whole takes, which no two runs share."""
    cells: Any = measured(store)
    return {c: [row for row in rows if row.metric != "rss_bytes"] for c, rows in cells.items()}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, Share(1, 0, 1, beside=True)),
        ({"threads": 8}, Share(1, 0, 1, beside=True)),  # as locally: a worker for each thread
        ({"threads": 8, "workers": 2}, Share(4, 0, 4, beside=True)),
        ({"device": "cuda"}, Share(1, 1, 1, beside=True)),
    ],
)
def test_an_accuracy_cell_takes_a_cpu_or_its_part_of_the_threads_and_a_gpu_on_cuda(
    changed: dict[str, Any], expected: Share
) -> None:
    given = replace(Settings(methods=()), **changed)
    assert beside(given, CUDA if given.device == "cuda" else NODES) == expected


def test_a_cell_that_is_to_be_alone_takes_every_cpu_of_the_largest_node_and_every_gpu() -> None:
    given = Settings(methods=(), threads=3)
    assert alone(given, NODES) == Share(8, 0, 3, beside=False)
    assert alone(given, CUDA) == Share(16, 0, 3, beside=False)
    assert alone(replace(given, device="cuda"), CUDA) == Share(16, 2, 3, beside=False)
    gone = [*NODES, {"Alive": False, "Resources": {"CPU": 64}}]
    assert alone(given, gone).cpus == 8


@pytest.mark.parametrize("share", [alone, beside])
def test_a_gpu_that_no_node_has_is_refused_in_one_line(share: Any) -> None:
    with pytest.raises(UsageError, match=r"no node of the Ray cluster has .* and 1 GPUs") as caught:
        share(Settings(methods=(), device="cuda"), NODES)
    assert "\n" not in str(caught.value)


def test_ray_picks_the_gpu() -> None:
    with pytest.raises(UsageError, match="say --device cuda"):
        Cluster(Settings(methods=(), device="cuda:1"), FakeRay())


@pytest.mark.usefixtures("_near")
def test_records_and_pictures_equal_those_measured_without_ray_and_nothing_is_measured_twice(
    tmp_path: Path,
) -> None:
    harnesses = ("accuracy", "growth")
    given = settings(tmp_path / "a", data=(TWO,), harnesses=harnesses, growth_t=1)
    plainly = bench(given, Ticks(), Here)
    over = settings(tmp_path / "b", data=(TWO,), harnesses=harnesses, growth_t=1)
    ticks, ray = Ticks(), FakeRay()
    summary = bench(over, ticks, lambda s: Cluster(s, ray))
    assert (summary.measured, summary.failed) == (plainly.measured, [])
    assert ticks.done == ticks.promised
    assert steady(over.store) == steady(given.store)
    for kind in ("predictions", "strips"):
        assert files(over.store / kind) == files(given.store / kind) != {}
    taken = dict(ray.begun)
    assert taken["gc accuracy drift"] == {"num_cpus": 1, "num_gpus": 0, "max_retries": 3}
    assert taken["gc growth"] == {"num_cpus": 4, "num_gpus": 0, "max_retries": 3}
    again = bench(over, Ticks(), lambda s: Cluster(s, FakeRay()))
    assert (again.measured, again.present) == (0, summary.measured)


@pytest.mark.usefixtures("_near")
def test_a_cell_is_begun_anew_when_its_worker_dies_and_is_a_failure_when_it_always_does(
    tmp_path: Path,
) -> None:
    given = settings(tmp_path, data=(TWO,))
    ray = FakeRay(kills={"gc accuracy drift": 1, "stm accuracy deform": 4})
    summary = bench(given, Ticks(), lambda s: Cluster(s, ray))
    assert summary.measured == 3
    (failed,) = summary.failed
    assert failed.startswith("stm accuracy synthetic")
    assert "the Ray worker did not live to measure it: RayError: the worker died" in failed
    begun = [name for name, _ in ray.begun]
    assert begun.count("gc accuracy drift") == 2
    assert begun.count("stm accuracy deform") == 4
    again = bench(given, Ticks(), lambda s: Cluster(s, FakeRay()))
    assert (again.measured, again.present, again.failed) == (1, 3, [])


@pytest.mark.usefixtures("_near")
def test_a_method_that_fails_costs_its_cells_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = faults.module("broken", faults.BODIES["raises"])
    faults.install(tmp_path / "site", monkeypatch, {"broken": broken})
    given = settings(tmp_path, methods=("gc", "broken"))
    summary = bench(given, Ticks(), lambda s: Cluster(s, FakeRay()))
    assert summary.measured == 1
    (failure,) = Store(given.store).failures().itertuples()
    assert "this memory forgot everything" in failure.error
    assert "faults/broken.py" in failure.traceback


@pytest.mark.usefixtures("_near")
def test_parameters_that_a_node_refuses_end_the_run_in_one_line(tmp_path: Path) -> None:
    given = settings(tmp_path, methods=("gc:key_dim=wide",))
    with pytest.raises(UsageError, match="key_dim"):
        bench(given, Ticks(), lambda s: Cluster(s, FakeRay()))
    assert not given.store.exists()


@pytest.mark.usefixtures("_near")
def test_no_more_cells_are_with_ray_than_workers_were_asked_for(tmp_path: Path) -> None:
    given = settings(
        tmp_path, methods=("gc",), data=(TWO.replace("drift", "drift+deform+occlusion"),)
    )
    ray = FakeRay()
    bench(replace(given, workers=1), Ticks(), lambda s: Cluster(s, ray))
    assert ray.most == 1
    bench(replace(given, seed=1), Ticks(), lambda s: Cluster(s, ray))
    assert ray.most > 1


@pytest.mark.usefixtures("_near")
def test_methods_are_timed_on_one_node_and_it_is_freed_for_other_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "PLAN", QUICK)
    ray = FakeRay()
    given = settings(tmp_path, harnesses=("accuracy", "speed"), threads=1)
    summary = bench(given, Ticks(), lambda s: Cluster(s, ray))
    assert (summary.measured, summary.failed) == (4, [])
    assert [r for name, r in ray.begun if name == "Stopwatch"] == [{"num_cpus": 4, "num_gpus": 0}]
    assert len(ray.killed) == 1
    frame = Store(given.store).frame()
    ratios = frame[frame["metric"] == "frame_seconds_ratio gc"]
    assert ratios["method"].tolist() == ["stm"]


@pytest.mark.usefixtures("_near")
def test_a_death_while_timing_is_a_failure_of_every_method_there_and_the_next_group_starts_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "PLAN", QUICK)
    given = settings(tmp_path, harnesses=("speed",), threads=1)
    ray = FakeRay()
    with Cluster(given, ray) as workers:
        first, second = (workers.player(job) for job in jobs(given))
        first.turn()
        ray.kill(workers._stopwatch)
        for player in (first, second):
            with pytest.raises(WorkerError, match="did not live") as caught:
                player.turn()
            assert isinstance(caught.value.failure, Failure)
        assert workers.player(jobs(given)[0]).turn().round == 0
    assert [name for name, _ in ray.begun] == ["Stopwatch", "Stopwatch"]


def test_a_run_ends_in_one_line_when_the_last_node_that_is_large_enough_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 0.0)
    ray = FakeRay()
    given = settings(tmp_path)
    with Cluster(given, ray) as workers:
        ray.deaf = True
        outcomes = workers.run(jobs(given), beside=True, tick=lambda: None)
        seen = iter([ray.living])
        monkeypatch.setattr(ray, "nodes", lambda: next(seen, []))
        with pytest.raises(DataError, match="any more; what was measured is in the store"):
            next(outcomes)
    assert len(ray.cancelled) == 2


def test_a_full_disk_ends_the_run_in_one_line_on_either_side(tmp_path: Path) -> None:
    given = settings(tmp_path)
    job, workers = jobs(given)[0], Cluster(given, FakeRay())
    with pytest.raises(DataError, match="a node of the Ray cluster: No space left"):
        workers._outcome(job, DataError("No space left"))
    given.store.mkdir()
    (given.store / "predictions").write_text("in the way")
    pictures = {"predictions/00000.png": b"x"}
    with pytest.raises(DataError, match=r"cannot write pictures .*the same command goes on"):
        workers._outcome(job, node.Answer([], None, pictures))


def test_a_node_measures_as_the_local_executor_does_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node, "_seats", [])
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    given = settings(tmp_path, methods=("gc",), threads=1, worker_memory=4.0)
    (job,) = jobs(given)
    order = node.Order(given, os.getcwd(), beside=True)
    assert node.build(order, "gc") is None
    (warm,) = node._seats
    answer = node.measure(order, job)
    assert node._seats == [warm]
    node._seats.pop().__exit__()
    assert isinstance(answer, node.Answer)
    bench(replace(given, store=tmp_path / "plain"), Ticks(), Here)
    ((_, rows),) = measured(tmp_path / "plain").items()
    assert [Row(*row) for row in rows] == answer.result
    folder = tmp_path / "plain" / "predictions" / job.cell.folder
    masks = {f"predictions/{k}": v for k, v in files(folder).items()}
    assert masks == {k: v for k, v in answer.pictures.items() if k.startswith("predictions")}
    assert not list((tmp_path / "tmp").glob("vosbench-*"))
