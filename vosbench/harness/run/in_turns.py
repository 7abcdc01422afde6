"""Methods of a run timed in turns, each of them with the first one, to which its ratio is."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Mapping

from vosbench.errors import one_line
from vosbench.harness import speed
from vosbench.harness.run.executor import Executor, Outcome, WorkerError
from vosbench.harness.run.jobs import Job
from vosbench.harness.run.under_way import Run
from vosbench.results import Failure

BESIDE = "beside"  # stamp of a speed cell: what the first method was then


def lacking(run: Run, jobs: list[Job]) -> list[Job]:
    """Methods that were not timed yet, or not in turns with the first one as that one is now."""
    return [job for job in jobs if not run.has(job) or not _paired(run, job, jobs[0])]


def measure(run: Run, workers: Executor, title: str, first: Job, todo: list[Job]) -> None:
    """Times methods in turns, as many beside each other as there are seats, the first in each
    group.
    """
    others = [job for job in todo if job is not first]
    seats = max(1, workers.seats() - 1)
    groups = [[first, *others[i : i + seats]] for i in range(0, max(1, len(others)), seats)]
    run.progress.begin(title, sum(job.steps for group in groups for job in group))
    wanted = {job.name: job for job in todo}
    for group in groups:
        _group(run, workers, group, wanted)
        wanted.pop(first.name, None)


def _group(run: Run, workers: Executor, group: list[Job], wanted: Mapping[str, Job]) -> None:
    def fail(name: str, error: Exception) -> None:
        if name in wanted:
            job = wanted[name]
            run.fail(job.cell, _failure(error), workers.stamp(job.method))

    timing = group[0].timing
    assert timing is not None  # as the plan makes speed jobs
    found = speed.alternate(
        {job.name: workers.player(job) for job in group}, timing, baseline=group[0].name,
        fail=fail, tick=run.progress.tick,
    )  # fmt: skip
    first = {BESIDE: _as_it_is(run, group[0])}
    for name, rows in found.items():
        if name in wanted:
            job = wanted[name]
            stamp = workers.stamp(job.method)
            run.record(Outcome(job, rows, stamp and {**stamp, **first}))


def _paired(run: Run, job: Job, first: Job) -> bool:
    if job is first:
        return True
    found = run.store.record(job.cell)
    if found is None or found.stamp.get(BESIDE) != _as_it_is(run, first):
        return False
    return any(row.metric == f"{speed.RATIO} {first.name}" for row in found.rows)


def _as_it_is(run: Run, job: Job) -> str:
    """A digest of the cell and of the method's code."""
    text = f"{job.cell.identity()} {run.sources[job.cell.method]}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _failure(error: Exception) -> Failure:
    if isinstance(error, WorkerError):
        return error.failure
    return Failure(one_line(error), "".join(traceback.format_exception(error)))
