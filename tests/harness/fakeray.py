"""Ray as far as the executor uses it, in this process: what becomes of cells, in milliseconds."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any


class RayError(Exception):
    """As `ray.exceptions.RayError`."""


class FakeRay:
    """Runs a task when its result is asked for, and counts what was asked for.

    Args:
        cpus: of each node.
        gpus: of each node.
        kills: name of a task -> times that its worker is killed.
    """

    def __init__(
        self, cpus: Sequence[int] = (2, 4), gpus: int = 0, kills: dict[str, int] | None = None
    ) -> None:
        self.exceptions = SimpleNamespace(RayError=RayError)
        self.living = [{"Alive": True, "Resources": {"CPU": n, "GPU": gpus}} for n in cpus]
        self.kills = kills or {}
        self.begun: list[tuple[str, dict[str, Any]]] = []  # name, resources
        self.cancelled: list[Any] = []
        self.killed: list[Any] = []
        self.most = 0  # calls that were pending at once
        self.deaf = False  # whether nothing ever is ready

    def nodes(self) -> list[dict[str, Any]]:
        return self.living

    def put(self, value: Any) -> Any:
        return value

    def remote(self, **resources: Any) -> Callable[[Any], Any]:
        def wrap(what: Any) -> Any:
            return (
                Actor(self, what, resources)
                if isinstance(what, type)
                else Task(self, what, resources, what.__name__)
            )

        return wrap

    def wait(self, pending: list[Any], timeout: float) -> tuple[list[Any], list[Any]]:
        self.most = max(self.most, len(pending))
        return ([], pending) if self.deaf else (pending[-1:], pending[:-1])

    def get(self, call: Any) -> Any:
        return call()

    def cancel(self, call: Any, *, force: bool) -> None:
        assert force
        self.cancelled.append(call)

    def kill(self, actor: Any) -> None:
        self.killed.append(actor)
        actor.alive = False


class Task:
    def __init__(self, ray: FakeRay, what: Any, resources: dict[str, Any], name: str) -> None:
        self.ray, self.what, self.resources, self.name = ray, what, resources, name

    def options(self, *, name: str) -> "Task":
        return Task(self.ray, self.what, self.resources, name)

    def remote(self, *arguments: Any) -> Callable[[], Any]:
        def call() -> Any:
            tries = 0
            while True:
                self.ray.begun.append((self.name, self.resources))
                if self.ray.kills.get(self.name, 0) == 0:
                    return self.what(*arguments)
                self.ray.kills[self.name] -= 1
                tries += 1
                if tries > self.resources["max_retries"]:
                    raise RayError("the worker died unexpectedly\nwhile executing this task")

        return call


class Actor:
    def __init__(self, ray: FakeRay, what: type, resources: dict[str, Any]) -> None:
        self.ray, self.what, self.resources = ray, what, resources

    def remote(self, *arguments: Any) -> "Actor":
        self.alive, self.made = True, self.what(*arguments)
        self.ray.begun.append((self.what.__name__, self.resources))
        return self

    def __getattr__(self, name: str) -> Any:
        def remote(*arguments: Any) -> Callable[[], Any]:
            def call() -> Any:
                if not self.alive:
                    raise RayError("the actor died")
                return getattr(self.made, name)(*arguments)

            return call

        return SimpleNamespace(remote=remote)


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}
