"""An executor without processes: what a bench does with outcomes, tested in milliseconds."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

from vosbench.harness.defaults import noted
from vosbench.harness.run import Job, Outcome, Refusal, WorkerError
from vosbench.harness.run.messages import Failed, Request
from vosbench.harness.run.worker import Desk, failed
from vosbench.harness.settings import Settings
from vosbench.harness.source import source_digest
from vosbench.harness.subject import prepare
from vosbench.results import environment


class Here:
    """Measures everything in this process."""

    room = 9  # methods that can be timed in turns

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.desks: dict[str, Desk] = {}
        self.asked: list[str] = []  # "gc turn", ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.desks.clear()

    def refused(self, methods: Sequence[str]) -> dict[str, Refusal]:
        found = {}
        for method in methods:
            try:
                self.desks[method] = Desk(prepare(method, self.settings), lambda: None)
            except Exception as error:
                message = failed(error)
                found[method] = Refusal(message.failure, message.mistake)
        return found

    def run(
        self, jobs: Sequence[Job], *, beside: bool, tick: Callable[[], None]
    ) -> Iterator[Outcome]:
        for job in jobs:
            answer = self.ask(job, "measure")
            for _ in range(job.steps):
                tick()
            result = answer.failure if isinstance(answer, Failed) else answer.value
            yield Outcome(job, result, self.stamp(job.method))

    def ask(self, job: Job, verb: str) -> Any:
        if job.method not in self.desks:
            self.refused([job.method])
        self.asked.append(f"{job.name} {verb}")
        return self.desks[job.method].answer(Request(verb, job, 1))

    def seats(self) -> int:
        return self.room

    def player(self, job: Job) -> "Hand":
        return Hand(self, job)

    def stamp(self, method: str) -> dict[str, str]:
        name = method.partition(":")[0]
        return environment.stamp("", source_digest(name), noted(name, self.settings))


class Hand:
    def __init__(self, here: Here, job: Job) -> None:
        self.here, self.job = here, job

    def turn(self) -> Any:
        return self.answer("turn")

    def rows(self) -> Any:
        return self.answer("rows")

    def answer(self, verb: str) -> Any:
        answer = self.here.ask(self.job, verb)
        if isinstance(answer, Failed):
            raise WorkerError(answer.failure)
        return answer.value
