"""Worker processes on this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import torch

from vosbench.errors import DataError
from vosbench.harness.guard import available_memory
from vosbench.harness.run.executor import Outcome, Refusal, Stamp, WorkerError
from vosbench.harness.run.jobs import Job
from vosbench.harness.run.messages import Done, Failed, Message, Ready, Request, Tick
from vosbench.harness.run.process import Worker, listen
from vosbench.harness.settings import Settings
from vosbench.harness.speed import Turn
from vosbench.results import Row

_SIZE = 1.0  # GiB that a worker is counted with while it waits
_HOUR, _FRAME = 3600.0, 60.0  # seconds that a cell may take by default, and more for each step
_BUILT = 600.0  # seconds in which a worker must be ready: a cold disk takes its time with torch


class Local:
    """Keeps one warm worker a method, as many as memory holds, and replaces those that fail.

    A worker serves its method's jobs one after another, so that torch is imported once a method. An
    exception leaves it in use; one that died, hung or ran out of memory is replaced.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.threads = settings.threads or torch.get_num_threads()
        free = available_memory()
        alone = settings.device != "cpu"  # a network there has the whole device at its disposal
        fit = 1 if alone else max(1, min(self.threads, int(free / 2 / _SIZE)))
        self.workers = settings.workers or fit
        self._most = max(self.workers, 2, int(free / 2 / _SIZE))
        self._memory = settings.worker_memory or 0.9 * free / self.workers
        self._idle: list[Worker] = []  # the one that has waited longest comes first
        self._busy: dict[Worker, Job | None] = {}  # None while it is only built
        self._stamps: dict[str, Stamp] = {}
        self._used: dict[str, int] = {}  # method -> CPU threads of its last request
        self._ticks: dict[Worker, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in (*self._idle, *self._busy):
            worker.kill()
        self._idle, self._busy = [], {}

    def refused(self, methods: Sequence[str]) -> dict[str, Refusal]:
        """See Executor. As many workers are built beside each other as the run has."""
        found, waiting = {}, list(methods)
        while waiting or self._busy:
            while waiting and len(self._busy) < self.workers:
                self._start(waiting.pop(0))
            worker, message = self._listen()
            if isinstance(message, Failed):
                found[worker.method] = Refusal(message.failure, message.mistake)
                self._free(worker, spoiled=True)
            elif isinstance(message, Ready):
                self._free(worker)
        return found

    def run(
        self, jobs: Sequence[Job], *, beside: bool, tick: Callable[[], None]
    ) -> Iterator[Outcome]:
        """See Executor."""
        places = self.workers if beside else 1
        threads = max(1, self.threads // places)
        waiting = list(jobs)
        while waiting or self._busy:
            while len(self._busy) < places:
                job = self._next(waiting)
                if job is None:
                    break
                waiting.remove(job)
                self._ask(job, "measure", threads)
            worker, message = self._listen()
            if isinstance(message, Tick):
                self._ticks[worker] += 1
                tick()
            elif isinstance(message, Done | Failed):
                yield self._outcome(worker, message, tick)

    def seats(self) -> int:
        """See Executor."""
        return self._most

    def player(self, job: Job) -> RemotePlayer:
        """See Executor."""
        return RemotePlayer(self, job)

    def stamp(self, method: str) -> Stamp | None:
        """See Executor."""
        stamp, threads = self._stamps.get(method), self._used.get(method)
        return stamp if stamp is None or threads is None else {**stamp, "threads": str(threads)}

    def answer(self, job: Job, verb: str) -> Any:
        """A worker's answer to one request, with nothing else going on.

        Raises:
            WorkerError: the method failed.
        """
        worker = self._ask(job, verb, self.threads)
        while True:
            _, message = self._listen()
            if isinstance(message, Done):
                self._free(worker)
                return message.value
            if isinstance(message, Failed):
                self._free(worker, spoiled=True)
                raise WorkerError(message.failure)

    def _next(self, waiting: list[Job]) -> Job | None:
        """The job for a free place: of a warm method, else of one nobody is at, else the next.

        A second worker for a method pays only where jobs wait behind the one it takes.
        """
        warm = {worker.method for worker in self._idle}
        served = {worker.method for worker in self._busy}
        count = Counter(job.method for job in waiting)
        several = {method for method in count if count[method] > 1}
        for methods in (warm, count.keys() - served, several):
            found = next((job for job in waiting if job.method in methods), None)
            if found is not None:
                return found
        return None

    def _ask(self, job: Job, verb: str, threads: int) -> Worker:
        mine = (w for w in reversed(self._idle) if w.method == job.method)
        worker = next(mine, None)  # the last one that served: a timing's turns are all in one
        if worker is None:
            worker = self._start(job.method)
        else:
            self._idle.remove(worker)
        self._busy[worker] = job
        self._ticks[worker] = 0
        self._used[job.method] = threads
        patience = self.settings.time_limit or _HOUR + _FRAME * job.steps
        worker.ask(Request(verb, job, threads), patience)
        return worker

    def _start(self, method: str) -> Worker:
        while len(self._idle) + len(self._busy) >= self._most and self._idle:
            self._idle.pop(0).kill()
        worker = Worker(method, self.settings, self._memory, _BUILT)
        self._busy[worker] = None
        return worker

    def _listen(self) -> tuple[Worker, Message]:
        worker, message = listen(self._busy)
        if worker.stamp is not None:
            self._stamps[worker.method] = worker.stamp
        if isinstance(message, Failed) and message.fatal:
            raise DataError(
                f"store {self.settings.store}: {message.failure.error}: free some space; what was "
                "measured is in the store, the same command goes on"
            )
        return worker, message

    def _outcome(self, worker: Worker, message: Done | Failed, tick: Callable[[], None]) -> Outcome:
        job = self._busy[worker]
        assert job is not None  # only workers with a job are listened to here
        for _ in range(job.steps - self._ticks[worker]):
            tick()
        self._free(worker, spoiled=isinstance(message, Failed) and message.spoiled)
        result = message.failure if isinstance(message, Failed) else message.value
        return Outcome(job, result, self.stamp(job.method))

    def _free(self, worker: Worker, *, spoiled: bool = False) -> None:
        del self._busy[worker]
        if spoiled:
            worker.kill()
        else:
            self._idle.append(worker)


class RemotePlayer:
    """A method in a worker that is timed in turns, see `speed.Player`."""

    def __init__(self, local: Local, job: Job) -> None:
        self._local, self._job = local, job

    def turn(self) -> Turn:
        """Times its next frames."""
        turn: Turn = self._local.answer(self._job, "turn")
        return turn

    def rows(self) -> list[Row]:
        """Records of all its turns."""
        rows: list[Row] = self._local.answer(self._job, "rows")
        return rows
