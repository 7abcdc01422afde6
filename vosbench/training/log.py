"""What a training run tells: TensorBoard curves, where installed, and progress."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from vosbench.errors import DataError
from vosbench.progress import Bar
from vosbench.training.loop import Done
from vosbench.training.recipe import Recipe

EVERY = 20  # steps between points of the curves


class Log:
    """Loss, clips per second and the share of the time spent waiting for clips, every 20 steps.

    Args:
        out: the run's folder; curves go to `logs/` in it.
        bar: to move.
        recipe: for the count of steps and clips.
    """

    def __init__(self, out: Path, bar: Bar, recipe: Recipe) -> None:
        self.out = out
        self.bar = bar
        self.recipe = recipe
        self.recent: list[Done] = []
        self.held_out = ""
        self.begun = False
        self.writer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.writer is not None:
            self.writer.close()

    def step(self, done: Done, J: float | None = None) -> None:
        """Takes one step, with the held-out J where it has just been measured.

        The first one says where the run goes on: curves of a killed run end there.

        Raises:
            DataError: the curves cannot be written.
        """
        if not self.begun:
            self.begun = True
            self.bar.begin("train", self.recipe.steps, done.step - 1)
            self.writer = _writer(self.out, done.step)
        self.recent.append(done)
        if J is not None:
            self.held_out = f"  held-out J {J:.3f}"
            self._curves(done.step, {"held_out_J": J})
        whole = len(self.recent) == EVERY or done.step == self.recipe.steps
        self.bar.tick(self._summary(done.step) if whole else "")

    def _summary(self, step: int) -> str:
        count, seconds = len(self.recent), sum(d.seconds for d in self.recent)
        rate = count * self.recipe.batch / seconds
        waited = sum(d.waited for d in self.recent) / seconds
        loss = sum(d.loss for d in self.recent) / count
        self._curves(step, {"loss": loss, "clips_per_second": rate, "waited_for_clips": waited})
        self.recent = []
        return f"loss {loss:.3f}  {rate:.1f} clips/s  {waited:.0%} waiting{self.held_out}"

    def _curves(self, step: int, values: dict[str, float]) -> None:
        if self.writer is not None:
            with _writing(self.out):
                for name, value in values.items():
                    self.writer.add_scalar(name, value, step)


def _writer(out: Path, first: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:  # an extra: `pip install -e '.[train]'`
        return None
    with _writing(out):
        return SummaryWriter(str(out / "logs"), purge_step=first)


@contextlib.contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{out / 'logs'} cannot be written ({error.strerror or error}): expected a folder "
            "with room for the curves: free it; the same command goes on"
        ) from error
