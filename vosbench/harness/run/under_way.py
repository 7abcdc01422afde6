"""A run in progress: what it has, what it asks the workers for, and what it stores."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vosbench import registry
from vosbench.data import Dataset
from vosbench.errors import one_line
from vosbench.harness import film, growth, speed
from vosbench.harness.accuracy import pictures
from vosbench.harness.run.executor import Executor, Outcome, Stamp, WorkerError
from vosbench.harness.run.jobs import Job, Stretch
from vosbench.harness.settings import Settings
from vosbench.results import Cell, Failure, Store

BESIDE = "beside"  # stamp of a speed cell: what the first method was, that its ratio is to
PLUGINS = "plugins"  # harness name of a module that failed to import or to be built


class Progress(Protocol):
    """What a run tells its audience."""

    def begin(self, title: str, steps: int) -> None:
        """A new stretch of `steps` steps begins."""

    def tick(self) -> None:
        """One step is done."""


@dataclass
class Summary:
    """What a run did."""

    measured: int = 0  # cells
    present: int = 0  # cells found in the store and not measured again
    failed: list[str] = field(default_factory=list)  # one line each


@dataclass
class Run:
    """A run in progress. It alone writes the store."""

    settings: Settings
    store: Store
    progress: Progress
    sources: Mapping[str, str]  # method -> digest of its code
    summary: Summary = field(default_factory=Summary)

    def has(self, job: Job) -> bool:
        """Whether the cell was measured with the method's code and the data as they are now, and
        its film was made if one is asked for. A growth that the machine's or the worker's memory
        cut short does not count: there may be more now.
        """
        found = self.store.has(job.cell, self.sources[job.cell.method], job.data)
        if found and job.cell.harness == "growth":
            record = self.store.record(job.cell)
            return record is not None and not growth.cut_short(record.rows)
        if not (found and self.settings.film and job.cell.harness == "accuracy"):
            return found
        return film.exists(pictures(self.settings.store, job.cell))

    def paired(self, job: Job, first: Job) -> bool:
        """Whether a method was timed in turns with the first one, as that one is now."""
        if job is first:
            return True
        found = self.store.record(job.cell)
        if found is None or found.stamp.get(BESIDE) != self._as_it_is(first):
            return False
        return any(row.metric == f"{speed.RATIO} {first.name}" for row in found.rows)

    def _as_it_is(self, job: Job) -> str:
        """A digest of the cell and of the method's code."""
        text = f"{job.cell.identity()} {self.sources[job.cell.method]}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def stretch(self, workers: Executor, stretch: Stretch, refused: Mapping[str, Failure]) -> None:
        """Measures what a stretch lacks."""
        jobs = [job for job in stretch.jobs if job.method not in refused]
        todo = [
            job for job in jobs
            if not self.has(job) or (stretch.turns and not self.paired(job, jobs[0]))
        ]  # fmt: skip
        self.summary.present += len(jobs) - len(todo)
        if todo and stretch.turns:
            self._turns(workers, stretch.title, jobs[0], todo)
        elif todo:
            self.progress.begin(stretch.title, sum(job.steps for job in todo))
            for outcome in workers.run(todo, beside=stretch.beside, tick=self.progress.tick):
                self._record(outcome)

    def plugins(self, built: list[str], refused: Mapping[str, Failure]) -> None:
        """Notes plugins that failed to import or to be built, and those that no longer do."""
        failing = {("import", name): Failure(why) for name, why in registry.failures().items()}
        failing |= {("build", text): failure for text, failure in refused.items()}
        for (protocol, name), failure in failing.items():
            cell = Cell(harness=PLUGINS, method=name, protocol=protocol)
            if protocol == "build":
                self._fail(cell, failure, None)
            elif self.store.error(cell) != failure.error:
                self.store.append_failure(cell, *failure)
        noted = self.store.failures()
        noted = noted[noted.harness == PLUGINS]
        for name, protocol in zip(noted.method, noted.protocol, strict=True):
            if (protocol, name) not in failing and (protocol == "import" or name in built):
                self.store.append(Cell(harness=PLUGINS, method=name, protocol=protocol), [])

    def matched(self, datasets: Sequence[Dataset]) -> None:
        """Notes what each method takes of the room that all are to be equal in."""
        for one in self.settings.matched:
            cell, rows = one.record(self.settings, datasets)
            noted = self.store.record(cell)
            if noted is None or noted.rows != rows:
                self.store.append(cell, rows)

    def _turns(self, workers: Executor, title: str, first: Job, todo: list[Job]) -> None:
        """Times methods in turns, the first one with every group: ratios are to it."""
        others = [job for job in todo if job is not first]
        seats = max(1, workers.seats() - 1)
        groups = [[first, *others[i : i + seats]] for i in range(0, max(1, len(others)), seats)]
        self.progress.begin(title, sum(job.steps for group in groups for job in group))
        wanted = {job.name: job for job in todo}
        for group in groups:
            self._group(workers, group, wanted)
            wanted.pop(first.name, None)

    def _group(self, workers: Executor, group: list[Job], wanted: Mapping[str, Job]) -> None:
        def fail(name: str, error: Exception) -> None:
            if name in wanted:
                job = wanted[name]
                self._fail(job.cell, _failure(error), workers.stamp(job.method))

        timing = group[0].timing
        assert timing is not None  # as the plan makes speed jobs
        found = speed.alternate(
            {job.name: workers.player(job) for job in group}, timing, baseline=group[0].name,
            fail=fail, tick=self.progress.tick,
        )  # fmt: skip
        first = {BESIDE: self._as_it_is(group[0])}
        for name, rows in found.items():
            if name in wanted:
                job = wanted[name]
                stamp = workers.stamp(job.method)
                self._record(Outcome(job, rows, stamp and {**stamp, **first}))

    def _record(self, outcome: Outcome) -> None:
        if isinstance(outcome.result, Failure):
            self._fail(outcome.job.cell, outcome.result, outcome.stamp)
        else:
            stamp, data = outcome.stamp, outcome.job.data
            if stamp is not None and data is not None:
                stamp = {**stamp, "data": data}
            self.store.append(outcome.job.cell, outcome.result, stamp)
            self.summary.measured += 1

    def _fail(self, cell: Cell, failure: Failure, stamp: Stamp | None) -> None:
        """A failure costs its own cell: why is kept, the run goes on."""
        where = " ".join(filter(None, (cell.method, cell.harness, cell.dataset, cell.sequence)))
        self.store.append_failure(cell, *failure, stamp)
        self.summary.failed.append(f"{where}: {failure.error}")


def _failure(error: Exception) -> Failure:
    if isinstance(error, WorkerError):
        return error.failure
    return Failure(one_line(error), "".join(traceback.format_exception(error)))
