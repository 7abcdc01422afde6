"""A run in progress: what it has, and what it stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vosbench import registry
from vosbench.data import Dataset
from vosbench.harness import film, growth
from vosbench.harness.accuracy import pictures
from vosbench.harness.run.executor import Outcome, Stamp
from vosbench.harness.run.jobs import Job
from vosbench.harness.settings import Settings
from vosbench.results import Cell, Failure, Store

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

    def plugins(self, built: list[str], refused: Mapping[str, Failure]) -> None:
        """Notes plugins that failed to import or to be built, and those that no longer do."""
        failing = {("import", name): Failure(why) for name, why in registry.failures().items()}
        failing |= {("build", text): failure for text, failure in refused.items()}
        for (protocol, name), failure in failing.items():
            cell = Cell(harness=PLUGINS, method=name, protocol=protocol)
            if protocol == "build":
                self.fail(cell, failure, None)
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

    def record(self, outcome: Outcome) -> None:
        """Stores what was measured, or why it was not."""
        if isinstance(outcome.result, Failure):
            self.fail(outcome.job.cell, outcome.result, outcome.stamp)
        else:
            stamp, data = outcome.stamp, outcome.job.data
            if stamp is not None and data is not None:
                stamp = {**stamp, "data": data}
            self.store.append(outcome.job.cell, outcome.result, stamp)
            self.summary.measured += 1

    def fail(self, cell: Cell, failure: Failure, stamp: Stamp | None) -> None:
        """A failure costs its own cell: why is kept, the run goes on."""
        where = " ".join(filter(None, (cell.method, cell.harness, cell.dataset, cell.sequence)))
        self.store.append_failure(cell, *failure, stamp)
        self.summary.failed.append(f"{where}: {failure.error}")
