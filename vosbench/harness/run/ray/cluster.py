"""The executor that hands cells to Ray, and stores what comes back."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Self

from vosbench.errors import DataError, UsageError, VosbenchError, one_line
from vosbench.harness import speed
from vosbench.harness.run.executor import Outcome, Refusal, Stamp, WorkerError
from vosbench.harness.run.jobs import Job
from vosbench.harness.run.ray import node
from vosbench.harness.run.ray.share import Share, alone, beside
from vosbench.harness.settings import Settings
from vosbench.results import Failure, Row

_RETRIES = 3  # times that a cell is begun anew after its Ray worker or node died
_PENDING = 1000  # cells that Ray is given at once: more would cost memory and gain nothing
_GLANCE = 5.0  # seconds between two looks at what the cluster still has
_PATIENCE = 60.0  # seconds that a lost node has to come back


class Cluster:
    """Every cell is a Ray task; methods timed in turns share a Ray actor.

    Records, and the pictures that come back with them, are written by the run alone, no worker:
    nodes need share no folder, a store has one writer as it has locally, and a cell whose worker
    was killed leaves nothing behind. A result is stored once, however often it was begun.

    Args:
        settings: of the run.
        ray: the package, connected.
    """

    def __init__(self, settings: Settings, ray: Any) -> None:
        if settings.device not in ("cpu", "cuda"):
            raise UsageError(f"--device {settings.device}: Ray picks the GPU: say --device cuda")
        self.settings, self._ray = settings, ray
        self._stamps: dict[str, Stamp] = {}
        self._stopwatch: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()

    def refused(self, methods: Sequence[str]) -> dict[str, Refusal]:
        """See Executor. Methods are built on the nodes, as many at once as fit."""
        share = beside(self.settings, self._ray.nodes())
        task, order = self._task(node.build, share), self._order(share)
        calls = ((m, lambda m=m: task.options(name=f"build {m}").remote(order, m)) for m in methods)
        found = {}
        for method, answer in self._gather(calls, share):
            if isinstance(answer, Failure):
                answer = Refusal(answer, None)
            if answer is not None:
                found[method] = answer
        return found

    def run(
        self, jobs: Sequence[Job], *, beside: bool, tick: Callable[[], None]
    ) -> Iterator[Outcome]:
        """See Executor. Steps are told when their cell is done."""
        self.drop()  # it would keep its node from these cells
        share = self._share(beside)
        task, order = self._task(node.measure, share), self._order(share)
        calls = ((j, lambda j=j: task.options(name=_name(j)).remote(order, j)) for j in jobs)
        for job, answer in self._gather(calls, share):
            for _ in range(job.steps):
                tick()
            yield self._outcome(job, answer)

    def seats(self) -> int:
        """See Executor."""
        return int(self._ray.get(self._timer().seats.remote()))

    def player(self, job: Job) -> Player:
        """See Executor."""
        return Player(self, self._timer(), job)

    def stamp(self, method: str) -> Stamp | None:
        """See Executor."""
        return self._stamps.get(method)

    def ask(self, timer: Any, job: Job, verb: str) -> Any:
        """An answer of a method that is timed in turns.

        Raises:
            WorkerError: the method failed, or the Ray worker that it is kept ready in has died.
        """
        try:
            answer, stamp = self._ray.get(timer.answer.remote(job, verb))
        except self._ray.exceptions.RayError as error:
            if timer is self._stopwatch:  # and not one that was started since
                self.drop()
            raise WorkerError(_died(error)) from error
        if stamp is not None:
            self._stamps[job.method] = stamp
        if isinstance(answer, Failure):
            raise WorkerError(answer)
        return answer

    def drop(self) -> None:
        """Frees the node that methods are timed on."""
        if self._stopwatch is not None:
            self._ray.kill(self._stopwatch)
            self._stopwatch = None

    def _share(self, together: bool) -> Share:
        return (beside if together else alone)(self.settings, self._ray.nodes())

    def _order(self, share: Share) -> Any:
        settings = replace(self.settings, threads=share.threads)
        return self._ray.put(node.Order(settings, os.getcwd(), share.beside))

    def _task(self, function: Callable[..., Any], share: Share) -> Any:
        return self._ray.remote(
            num_cpus=share.cpus, num_gpus=share.gpus, max_retries=_RETRIES
        )(function)  # fmt: skip

    def _timer(self) -> Any:
        """The actor; a new one where there is none, on a node that it gets to itself."""
        if self._stopwatch is None:
            share = self._share(False)
            actor = self._ray.remote(num_cpus=share.cpus, num_gpus=share.gpus)(node.Stopwatch)
            self._stopwatch = actor.remote(self._order(share))
            ready = self._stopwatch.seats.remote
            for _, answer in self._gather([(None, ready)], share):
                if isinstance(answer, Failure):
                    self._stopwatch = None
                    raise DataError(f"speed cannot be measured on the Ray cluster: {answer.error}")
        return self._stopwatch

    def _gather(
        self, calls: Iterable[tuple[Any, Callable[[], Any]]], share: Share
    ) -> Iterator[tuple[Any, Any]]:
        """What each call returns, as soon as it does; a Failure where no worker lived to say it."""
        ray, waiting = self._ray, iter(calls)
        pending: dict[Any, Any] = {}
        seen = time.monotonic()
        try:
            while True:
                room = ((share.beside and self.settings.workers) or _PENDING) - len(pending)
                pending |= {call(): key for key, call in islice(waiting, room)}
                if not pending:
                    return
                ready, _ = ray.wait(list(pending), timeout=_GLANCE)
                if share.fits(ray.nodes()) or ready:
                    seen = time.monotonic()
                elif time.monotonic() - seen > _PATIENCE:
                    raise DataError(share.lost)
                for reference in ready:
                    yield pending.pop(reference), self._result(reference)
        finally:
            for reference in pending:
                with suppress(ValueError):  # Ray's way to say that it is an actor's
                    ray.cancel(reference, force=True)

    def _result(self, reference: Any) -> Any:
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            return _died(error)

    def _outcome(self, job: Job, answer: node.Answer | VosbenchError | Failure) -> Outcome:
        if isinstance(answer, VosbenchError):
            raise DataError(f"a node of the Ray cluster: {answer}")
        if isinstance(answer, Failure):
            return Outcome(job, answer, None)
        if answer.stamp is not None:
            self._stamps[job.method] = answer.stamp
        for kind in node.PICTURES if job.cell.harness == "accuracy" else ():
            _unpack(self.settings.store / kind / job.cell.folder, kind, answer.pictures)
        return Outcome(job, answer.result, answer.stamp)


class Player:
    """A method on a node that is timed in turns, see `speed.Player`."""

    def __init__(self, cluster: Cluster, timer: Any, job: Job) -> None:
        self._cluster, self._timer, self._job = cluster, timer, job

    def turn(self) -> speed.Turn:
        """Times its next frames."""
        turn: speed.Turn = self._cluster.ask(self._timer, self._job, "turn")
        return turn

    def rows(self) -> list[Row]:
        """Records of all its turns."""
        rows: list[Row] = self._cluster.ask(self._timer, self._job, "rows")
        return rows


def _unpack(folder: Path, kind: str, pictures: dict[str, bytes]) -> None:
    """Writes one kind of a cell's files in place of what an earlier attempt may have left."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        for name, content in pictures.items():
            if name.startswith(f"{kind}/"):
                path = folder / name.removeprefix(f"{kind}/")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    except OSError as error:
        raise DataError(
            f"{folder}: cannot write pictures ({error.strerror or error}): free some space; what "
            "was measured is in the store, the same command goes on"
        ) from error


def _died(error: Exception) -> Failure:
    return Failure(f"the Ray worker did not live to measure it: {one_line(error)}", str(error))


def _name(job: Job) -> str:
    """What Ray's own tools show of a cell."""
    return " ".join(filter(None, (job.name, job.cell.harness, job.cell.sequence)))
