"""A run's progress: bars on a terminal, a plain line now and then where stderr is none."""

from __future__ import annotations

import sys
import time
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

EVERY = 100  # steps between plain lines,
SECONDS = 20  # or, where steps are long, seconds


class Bar:
    """One bar per stretch of a run, on stderr, so that results can be piped."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self.plain = not console.is_terminal
        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TimeRemainingColumn(), TextColumn("{task.fields[note]}"), console=console,
            disable=self.plain,
        )  # fmt: skip
        self._task: TaskID | None = None
        self._line = _Line("", 0, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._task is not None:
            self._bars.stop()

    def begin(self, title: str, steps: int, done: int = 0) -> None:
        """Starts a new bar; a stretch with nothing to do has none.

        Args:
            title: of the stretch.
            steps: in all.
            done: of them, by an earlier run.
        """
        self._line = _Line(title, steps, done)
        self._bars.start()  # not before: a mistake in the options leaves no trace on the screen
        self._task = self._bars.add_task(
            title, total=steps, completed=done, visible=steps > 0, note=""
        )

    def tick(self, note: str = "") -> None:
        """One step further; an empty note leaves the last one standing."""
        if self._task is None:
            return
        line = self._line.tick(note)
        self._bars.update(self._task, advance=1, note=self._line.note)
        if self.plain and line:
            print(line, file=sys.stderr, flush=True)


class _Line:
    """A stretch's progress in words."""

    def __init__(self, title: str, steps: int, done: int) -> None:
        self.title, self.steps, self.done, self.first = title, steps, done, done
        self.note = ""
        self.since = self.said = time.perf_counter()

    def tick(self, note: str) -> str:
        """The line to print after this step; mostly none."""
        self.done += 1
        self.note = note or self.note
        now = time.perf_counter()
        if self.done % EVERY and self.done != self.steps and now - self.said < SECONDS:
            return ""
        self.said = now
        each = (now - self.since) / (self.done - self.first)
        left = clock(each * (self.steps - self.done))
        return f"{self.title} {self.done}/{self.steps}  {left} left  {self.note}".rstrip()


def clock(seconds: float) -> str:
    """Seconds as hours, minutes and seconds.

    >>> clock(3725.4)
    '1:02:05'
    """
    minutes, s = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{s:02}"
