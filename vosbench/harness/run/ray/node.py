"""What Ray runs on a node: the local executor, for one cell at a time. Needs no Ray itself.

The Ray worker stays a thin shell around the process that measures: that one can be stopped at its
time limit, run out of its own memory and crash, and the Ray worker tells of it. Where the Ray
worker itself is killed, its process dies with it and Ray runs the cell again.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vosbench.errors import VosbenchError
from vosbench.harness.guard import available_memory
from vosbench.harness.run.executor import Outcome, Refusal, Stamp, WorkerError
from vosbench.harness.run.jobs import Job
from vosbench.harness.run.local import Local
from vosbench.harness.settings import Settings
from vosbench.results import Failure, Row

PICTURES = ("predictions", "strips")  # folders of a store that accuracy writes beside its records


@dataclass(frozen=True)
class Order:
    """How a cell is to be measured, whichever it is."""

    settings: Settings
    folder: str  # of the run: relative paths are meant from there
    beside: bool  # whether other cells may run on the node


@dataclass(frozen=True)
class Answer:
    """What became of a cell, with the files that it wrote."""

    result: list[Row] | Failure
    stamp: Stamp | None
    pictures: dict[str, bytes]  # "predictions/..." or "strips/...", below the cell's folder


def build(order: Order, method: str) -> Refusal | None:
    """Why a method cannot be built on this node, if it cannot."""
    with _seat(order) as seat:
        return seat.refused([method]).get(method)


def measure(order: Order, job: Job) -> Answer | VosbenchError:
    """Measures a cell; an error is one that ends the run, as a full disk does."""
    try:
        with _seat(order) as seat:
            (outcome,) = seat.run([job], beside=False, tick=lambda: None)
            return _packed(outcome, seat.settings.store)
    except VosbenchError as error:
        return error


class Stopwatch:
    """Keeps methods ready on a node that it has alone, and times them in turns (a Ray actor)."""

    def __init__(self, order: Order) -> None:
        _go_to(order.folder)
        self._local = Local(order.settings)

    def seats(self) -> int:
        """How many methods it keeps ready at once."""
        return self._local.seats()

    def answer(self, job: Job, verb: str) -> tuple[Any, Stamp | None]:
        """A method's answer, or its Failure, and the environment it ran in."""
        try:
            answer = self._local.answer(job, verb)
        except WorkerError as error:
            answer = error.failure
        return answer, self._local.stamp(job.method)


class _Seat(Local):
    """The local executor with one process, for the method it was last asked about."""

    def __init__(self, order: Order) -> None:
        store = Path(tempfile.gettempdir()) / f"vosbench-{secrets.token_hex(8)}"
        # Ray gives a core to each cell beside, so each gets that share of what is free.
        places = max(1, len(os.sched_getaffinity(0)) // _cpus(order)) if order.beside else 1
        memory = order.settings.worker_memory or 0.9 * available_memory() / places
        super().__init__(replace(order.settings, store=store, workers=1, worker_memory=memory))
        self._most = 1
        self.order = order


_seats: list[_Seat] = []  # the one that is warm in this Ray worker


@contextmanager
def _seat(order: Order) -> Iterator[_Seat]:
    """A seat, warm where the last cell was measured in the same way.

    Nothing stays warm on CUDA: it would hold memory of a GPU that Ray has given to another.
    """
    while _seats and (_seats[0].order != order or order.settings.device != "cpu"):
        _seats.pop().__exit__()
    if not _seats:
        _go_to(order.folder)
        _seats.append(_Seat(order))
    seat = _seats[0]
    seat.settings.store.mkdir(mode=0o700)
    done = False
    try:
        yield seat
        done = order.settings.device == "cpu"
    finally:
        if not done:
            _seats.pop().__exit__()
        shutil.rmtree(seat.settings.store, ignore_errors=True)


def _cpus(order: Order) -> int:
    return max(1, order.settings.threads)


def _go_to(folder: str) -> None:
    if Path(folder).is_dir():
        os.chdir(folder)


def _packed(outcome: Outcome, store: Path) -> Answer:
    """The outcome with its files in it, so that nodes need share no folder with the run."""
    files = {}
    for kind in PICTURES:
        folder = store / kind / outcome.job.cell.folder
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            files[f"{kind}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    return Answer(outcome.result, outcome.stamp, files)
