"""What measures the plan's jobs: the seam between a bench and the processes it is spread over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, Self

from vosbench.errors import VosbenchError
from vosbench.harness import speed
from vosbench.harness.run.jobs import Job
from vosbench.results import Failure, Row

Stamp = dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """What became of a job."""

    job: Job
    result: list[Row] | Failure
    stamp: Stamp | None  # of the process that measured it; None where it never got that far


@dataclass(frozen=True)
class Refusal:
    """A method that no worker could build."""

    failure: Failure
    mistake: VosbenchError | None  # where the user is to blame: the run ends with its one line


class WorkerError(Exception):
    """A method in a worker failed; carries what is to be recorded."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.error)
        self.failure = failure


class Executor(AbstractContextManager["Executor"], Protocol):
    """Measures jobs in processes of its own; leaving the context stops them all at once."""

    def __enter__(self) -> Self: ...

    def refused(self, methods: Sequence[str]) -> dict[str, Refusal]:
        """Builds every method once; those that cannot be built, with why."""

    def run(
        self, jobs: Sequence[Job], *, beside: bool, tick: Callable[[], None]
    ) -> Iterator[Outcome]:
        """Measures jobs, each yielded when it is done or has failed.

        Args:
            jobs: in the order in which a single worker does them.
            beside: whether they may run beside each other; if not, each has the machine alone.
            tick: is called at each step of a job.
        """

    def seats(self) -> int:
        """How many methods can be kept ready at once, to be timed in turns."""

    def player(self, job: Job) -> speed.Player:
        """The method of a speed job, to be asked for turns; a failure there is a WorkerError."""

    def stamp(self, method: str) -> Stamp | None:
        """The environment of the process that last measured a method."""
