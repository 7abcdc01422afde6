"""A run's progress on the terminal."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Bar:
    """One bar per stretch of a run, on stderr, so that results can be piped."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TimeRemainingColumn(), TextColumn("{task.fields[note]}"), console=Console(stderr=True),
        )  # fmt: skip
        self._task = self._bars.add_task("", total=0, visible=False, note="")

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def begin(self, title: str, steps: int) -> None:
        """Starts a new bar; a stretch with nothing to do has none."""
        self._task = self._bars.add_task(title, total=steps, visible=steps > 0, note="")

    def tick(self, note: str = "") -> None:
        """One step further."""
        self._bars.update(self._task, advance=1, note=note)
