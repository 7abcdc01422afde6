"""A bench run: methods x data sets x harnesses to cells in the store, each measured once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from vosbench import registry
from vosbench.data import Dataset, load
from vosbench.errors import PluginError, UsageError, VosbenchError, one_line, unknown
from vosbench.harness import accuracy, flops, growth, speed, table1
from vosbench.harness.settings import FRAMES, HARNESSES, Settings
from vosbench.harness.subject import Subject, prepare
from vosbench.model.frames import Fit
from vosbench.results import Cell, Row, Store


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


@dataclass(frozen=True)
class Bench:
    """A run in progress."""

    store: Store
    progress: Progress
    summary: Summary = field(default_factory=Summary)

    def cell(self, cell: Cell, measure: Callable[[], Iterable[Row]]) -> None:
        """Measures a cell unless the store has it. A failure costs this cell alone.

        A plugin may fail in any way, so any exception is caught; its one line is kept.
        """
        if self.store.has(cell):
            self.summary.present += 1
            return
        try:
            rows = list(measure())
        except Exception as error:
            self.fail(cell, error)
        else:
            self.store.append(cell, rows)
            self.summary.measured += 1

    def fail(self, cell: Cell, error: Exception) -> None:
        """Records why a cell could not be measured."""
        reason = error.args[0] if isinstance(error, VosbenchError) else one_line(error)
        where = " ".join(filter(None, (cell.method, cell.harness, cell.dataset, cell.sequence)))
        self.store.append_failure(cell, reason)
        self.summary.failed.append(f"{where}: {reason}")


def bench(settings: Settings, progress: Progress) -> Summary:
    """Runs everything that `settings` asks for and the store does not hold yet.

    Raises:
        UsageError: an unknown method, preset, data set, harness or device, before anything is run.
        DataError: a data set or weights file that does not fit, before anything is run.
    """
    for harness in settings.harnesses:
        if harness not in HARNESSES:
            raise unknown("harness", harness, HARNESSES)
    if not settings.harnesses:
        raise UsageError(f"no harness given: name at least one of {', '.join(HARNESSES)}")
    if not settings.methods:
        raise UsageError("no method given: name at least one, as in --methods gc,stm")
    datasets = [load(spec, settings.split) for spec in settings.data]
    run = Bench(Store(settings.store), progress)
    subjects = [s for s in (_subject(run, text, settings) for text in settings.methods) if s]
    for name, reason in registry.failures().items():
        run.store.append_failure(Cell(harness="plugins", method=name), reason)
    for dataset in datasets if subjects else ():
        _dataset(run, settings, dataset, subjects)
    if "flops" in settings.harnesses:
        named = {s.method for s in subjects}
        for method in (m for m in table1.METHODS if m in named):
            run.cell(table1.cell(method), partial(table1.measure, method))
    return run.summary


def _subject(run: Bench, text: str, settings: Settings) -> Subject | None:
    """The subject, or None for a plugin that cannot be built: its failure is its own."""
    try:
        return prepare(text, settings)
    except PluginError as error:
        run.fail(Cell(harness="plugins", method=text), error)
        return None


def _dataset(run: Bench, settings: Settings, dataset: Dataset, subjects: list[Subject]) -> None:
    first = dataset.videos[0]
    if "accuracy" in settings.harnesses:
        for subject in subjects:
            _accuracy(run, settings, dataset, subject)
    costs = [h for h in ("flops", "growth") if h in settings.harnesses]
    fit = Fit.of(first.size, subjects[0].short_side)
    named = {"dataset": dataset.name, "size": "{}x{}".format(*fit.inner)}
    if costs:
        run.progress.begin(f"{dataset.name}: {' and '.join(costs)}", len(subjects))
    for subject in subjects if costs else ():
        for harness in costs:
            module, protocols = (
                (flops, flops.COUNTERS) if harness == "flops" else (growth, growth.PROTOCOLS)
            )
            for protocol in protocols:
                run.cell(
                    subject.cell(harness, **named, objects=1, protocol=protocol),
                    partial(module.measure, subject, protocol, fit.padded, 1, FRAMES),
                )
        run.progress.tick()
    if "speed" in settings.harnesses:
        _speed(run, dataset, subjects, named)


def _accuracy(run: Bench, settings: Settings, dataset: Dataset, subject: Subject) -> None:
    todo = [v for v in dataset.videos if not run.store.has(accuracy.cell(subject, dataset, v))]
    run.summary.present += len(dataset.videos) - len(todo)
    run.progress.begin(f"{dataset.name}: {subject.method}", sum(len(v) for v in todo))
    for video in todo:
        run.cell(
            accuracy.cell(subject, dataset, video),
            partial(accuracy.measure, subject, dataset, video, settings.store, run.progress.tick),
        )


def _speed(run: Bench, dataset: Dataset, subjects: list[Subject], named: dict[str, str]) -> None:
    """Rounds of all methods in turn."""
    video = dataset.videos[0]
    cells = {
        s: s.cell(
            "speed", **named, sequence=video.name, objects=len(video.objects),
            protocol=speed.protocol(s),
        )
        for s in subjects
    }  # fmt: skip
    todo = [s for s in subjects if not run.store.has(cells[s])]
    run.summary.present += len(subjects) - len(todo)
    run.progress.begin(f"{dataset.name}: speed", len(todo) * (speed.ROUNDS + 1))
    rounds: dict[Subject, list[speed.Times]] = {s: [] for s in todo}
    for turn in range(speed.ROUNDS + 1):
        for subject in list(rounds):
            try:
                steps = speed.STEPS if turn else speed.WARM_UP
                rounds[subject].append(speed.round_trip(subject, video, steps))
            except Exception as error:  # as in `Bench.cell`
                run.fail(cells[subject], error)
                del rounds[subject]
            run.progress.tick()
    for subject, times in rounds.items():
        run.cell(cells[subject], partial(speed.rows, times[1:]))
