"""What a training run tells: TensorBoard curves, where installed, and a progress bar."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Self

from vosbench.harness.progress import Bar
from vosbench.model.network import Network
from vosbench.training.recipe import Recipe

EVERY = 20  # steps between points of the curves


class Log:
    """Loss and clips per second, every 20 steps."""

    def __init__(self, out: Path, bar: Bar, recipe: Recipe) -> None:
        self.bar = bar
        self.batch = recipe.batch
        self.total = sum(s.steps for s in recipe.stages)
        self.losses: list[float] = []
        self.since = time.perf_counter()
        self.writer = _writer(out)

    def __enter__(self) -> Self:
        self.bar.begin("train", self.total)
        return self

    def __exit__(self, *_: object) -> None:
        if self.writer is not None:
            self.writer.close()

    def step(self, step: int, loss: float, network: Network) -> None:
        """Takes one step's loss."""
        self.losses.append(loss)
        note = ""
        if len(self.losses) == EVERY:
            now = time.perf_counter()
            rate = EVERY * self.batch / (now - self.since)
            mean = sum(self.losses) / EVERY
            note = f"step {step}  loss {mean:.3f}  {rate:.1f} clips/s"
            if self.writer is not None:
                self.writer.add_scalar("loss", mean, step)
                self.writer.add_scalar("clips_per_second", rate, step)
            self.losses, self.since = [], now
        self.bar.tick(note)


def _writer(out: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:  # an extra: `pip install 'vosbench[train]'`
        return None
    return SummaryWriter(str(out / "logs"))
