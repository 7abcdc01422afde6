"""The plan: every cell of a run, as plain data that passes between processes and machines."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vosbench.data import Dataset, Video
from vosbench.data.files import present
from vosbench.data.fingerprint import fingerprint
from vosbench.errors import UsageError, unknown
from vosbench.harness import flops, growth, speed, table1
from vosbench.harness.settings import FRAMES, HARNESSES, Settings
from vosbench.harness.subject import Entry
from vosbench.model.frames import Fit
from vosbench.results import Cell

COSTS = ("flops", "growth")


@dataclass(frozen=True)
class Job:
    """One cell to measure and what that takes, beyond the run's settings."""

    cell: Cell
    method: str  # as the user typed it; a worker serves one
    name: str  # of the method with its parameters
    video: Video | None = None  # accuracy and speed
    among: int = 1  # sequences of the run, accuracy: records of a stopped run show what is missing
    size: tuple[int, int] = (0, 0)  # (H, W) that the network sees: flops and growth
    times: tuple[int, ...] = ()  # t at which flops and growth are measured
    timing: speed.Plan | None = None  # speed alone
    data: str | None = None  # fingerprint of the video, where the cell depends on it
    steps: int = 1  # of progress


@dataclass(frozen=True)
class Stretch:
    """Jobs under one title, in the order in which one worker would do them."""

    title: str
    jobs: tuple[Job, ...]
    beside: bool = False  # whether jobs may run beside each other: not where costs are measured
    turns: bool = False  # whether methods are timed in turns (speed)


def plan(
    settings: Settings, entries: Sequence[Entry], datasets: Sequence[Dataset]
) -> list[Stretch]:
    """All stretches of a run, measured before or not.

    Raises:
        UsageError: an unknown harness, or none; two different videos of one name, whose numbers
            and pictures would lie in one place.
    """
    for harness in settings.harnesses:
        if harness not in HARNESSES:
            raise unknown("harness", harness, HARNESSES)
    if not settings.harnesses:
        raise UsageError(f"no harness given: name at least one of {', '.join(HARNESSES)}")
    found = [s for dataset in datasets for s in _of_dataset(settings, entries, dataset)]
    if "flops" in settings.harnesses:
        found.append(_table1(entries))
    _refuse_mixed(settings, [job for stretch in found for job in stretch.jobs])
    return [stretch for stretch in found if stretch.jobs]


def _refuse_mixed(settings: Settings, jobs: Sequence[Job]) -> None:
    seen: dict[str, str | None] = {}
    for cell, data in ((job.cell, job.data) for job in jobs):
        if seen.setdefault(cell.folder, data) != data:
            raise UsageError(
                f"--data {' '.join(settings.data)}: two different videos of {cell.dataset} are "
                f"named {cell.sequence}; expected one of a name: rename one, or measure it by "
                "itself into another --store"
            )


def _of_dataset(
    settings: Settings, entries: Sequence[Entry], dataset: Dataset
) -> Iterator[Stretch]:
    wanted = settings.harnesses
    known = functools.cache(fingerprint)  # read once, however many methods
    if "accuracy" in wanted:
        jobs = [_accuracy(e, dataset, v, known(v)) for e in entries for v in dataset.videos]
        yield Stretch(f"{dataset.name}: accuracy{_whose(settings)}", tuple(jobs), beside=True)
    costs = [name for name in COSTS if name in wanted]
    jobs = [job for e in entries for name in costs for job in _costs(e, dataset, name)]
    yield Stretch(f"{dataset.name}: {' and '.join(costs)}", tuple(jobs))
    if "flops" in wanted:
        more = [job for entry in entries for job in _scaling(entry, dataset)]
        yield Stretch(f"{dataset.name}: flops by size and objects", tuple(more))
    if "speed" in wanted:
        timed = [_speed(entry, dataset, known(dataset.videos[0])) for entry in entries]
        yield Stretch(f"{dataset.name}: speed", tuple(timed), turns=True)


def _whose(settings: Settings) -> str:
    """Of which weights, where one method runs on others than its own: such runs come in rows, as
    those of `control`.
    """
    if len(settings.methods) > 1 or settings.weights == "auto":
        return ""
    return f" of {settings.methods[0]}, weights {settings.weights}"


def _accuracy(entry: Entry, dataset: Dataset, video: Video, data: str) -> Job:
    height, width = Fit.of(video.size, entry.short_side).inner
    cell = entry.cell(
        "accuracy", dataset=dataset.name, sequence=video.name, size=f"{height}x{width}",
        objects=len(video.objects), protocol=dataset.protocol,
    )  # fmt: skip
    among = len(dataset.videos)
    return Job(
        cell, entry.text, entry.name, video=video, among=among, data=data, steps=len(video),
    )  # fmt: skip


def _costs(entry: Entry, dataset: Dataset, harness: str) -> Iterator[Job]:
    """Costs do not depend on what a video shows: the first one gives its size."""
    fit = Fit.of(dataset.videos[0].size, entry.short_side)
    settings = entry.settings
    protocols, times = (
        (flops.COUNTERS, FRAMES)
        if harness == "flops"
        else (growth.protocols(settings), growth.times(settings.growth_t))
    )
    for protocol in protocols:
        cell = entry.cell(
            harness, dataset=dataset.name, size="{}x{}".format(*fit.inner), objects=1,
            protocol=protocol,
        )  # fmt: skip
        yield Job(cell, entry.text, entry.name, size=fit.padded, times=times)


def _scaling(entry: Entry, dataset: Dataset) -> Iterator[Job]:
    """Multiply-adds at further sizes and numbers of objects: by formula, and some by counters."""
    fit = Fit.of(dataset.videos[0].size, entry.short_side)
    for size, objects, counters in flops.cases(fit.padded):
        shown = fit.inner if size == fit.padded else size
        for counter in counters:
            cell = entry.cell(
                "scaling", dataset=dataset.name, size="{}x{}".format(*shown), objects=objects,
                protocol=counter,
            )  # fmt: skip
            yield Job(cell, entry.text, entry.name, size=size, times=flops.SCALING_TIMES)


def _speed(entry: Entry, dataset: Dataset, data: str) -> Job:
    video, timing = dataset.videos[0], speed.PLAN
    given = video.given(0)  # a clip is timed with the objects of its first frame
    fit = Fit.of(video.size, entry.short_side)
    cell = entry.cell(
        "speed", dataset=dataset.name, sequence=video.name, size="{}x{}".format(*fit.inner),
        objects=0 if given is None else len(present(given)),
        protocol=speed.protocol(entry.settings, timing),
    )  # fmt: skip
    steps = timing.rounds * timing.turns
    return Job(cell, entry.text, entry.name, video=video, timing=timing, data=data, steps=steps)


def _table1(entries: Sequence[Entry]) -> Stretch:
    first = {entry.method: entry for entry in reversed(entries)}
    jobs = [
        Job(table1.cell(method), first[method].text, method)
        for method in table1.METHODS
        if method in first
    ]
    return Stretch("table 1 of the GC paper", tuple(jobs))
