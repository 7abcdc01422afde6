"""Batches of clips in the order of a recipe, each process its own part of every batch."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

from lightning_fabric import Fabric
from torch import Tensor
from torch.utils.data import DataLoader

from vosbench.errors import VosbenchError
from vosbench.training.clips import Clip, Clips, Sources
from vosbench.training.recipe import Recipe, Stage


class Batch(NamedTuple):
    """One step's clips, on the device: frames (clips, n, 3, S, S), masks (clips, n, 1, S, S)."""

    step: int  # counted from 0 over the whole recipe
    stage: Stage
    clips: Clip
    waited: float  # seconds until they were there


def batches(
    recipe: Recipe, sources: Sources, seed: int, fabric: Fabric, *, done: int, workers: int
) -> Iterator[Batch]:
    """A batch for every step from `done` on; the same clips however many processes share them."""
    ends = accumulate(s.steps for s in recipe.stages)
    for stage, end in zip(recipe.stages, ends, strict=True):
        begin = end - stage.steps
        clips = Clips(sources, stage, seed, stage.steps * recipe.batch, begin * recipe.batch)
        skip = max(0, done - begin)
        order = [part(s, recipe.batch, fabric) for s in range(skip, stage.steps)]
        loader: DataLoader[Clip] = DataLoader(clips, batch_sampler=order, num_workers=workers)
        for step, (waited, clip) in enumerate(timed(loader), begin + skip):
            yield Batch(step, stage, Clip(*(_place(fabric, x) for x in clip)), waited)


def part(step: int, batch: int, fabric: Fabric) -> list[int]:
    """Indices of the clips that this process takes of a step's batch."""
    share = batch // fabric.world_size
    first = step * batch + fabric.global_rank * share
    return list(range(first, first + share))


def timed(items: Iterable[Clip]) -> Iterator[tuple[float, Clip]]:
    """Each item with the seconds that it took to come.

    Raises:
        VosbenchError: as it was raised where the item was made. A loader's process hands over its
            whole traceback as the text of the error.
    """
    iterator = iter(items)
    while True:
        since = time.perf_counter()
        try:
            item = next(iterator)
        except StopIteration:
            return
        except VosbenchError as error:
            kind = type(error)
            raise kind(error.args[0].rpartition(f"{kind.__name__}: ")[2].rstrip()) from None
        yield time.perf_counter() - since, item


def _place(fabric: Fabric, x: Tensor) -> Tensor:
    moved: Tensor = fabric.to_device(x)
    return moved
