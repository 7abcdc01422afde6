"""A run's progress on the terminal."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)


class Bar:
    """One bar per stretch of a run, on stderr, so that results can be piped."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TimeRemainingColumn(), TextColumn("{task.fields[note]}"), console=Console(stderr=True),
        )  # fmt: skip
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._task is not None:
            self._bars.stop()

    def begin(self, title: str, steps: int) -> None:
        """Starts a new bar; a stretch with nothing to do has none."""
        self._bars.start()  # not before: a mistake in the options leaves no trace on the screen
        self._task = self._bars.add_task(title, total=steps, visible=steps > 0, note="")

    def tick(self, note: str = "") -> None:
        """One step further."""
        if self._task is not None:
            self._bars.update(self._task, advance=1, note=note)
