"""The clauses on costs: what a memory declares of its size and its work is what it takes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from vosbench.harness.contract.breach import demand
from vosbench.harness.contract.trial import GRID, Trial, written
from vosbench.harness.flops import by_torch
from vosbench.harness.tracker import PeakBytes
from vosbench.memory import Growth, Memory, state_bytes

MANY = 500  # writes
FAR = 10**6  # frames: a bounded state has reached its bound by then
CLOSE = 0.01  # relative: of what is counted to what cost() says


def growth(trial: Trial) -> None:
    """State bytes grow as declared, over 500 writes."""
    memory, state = trial.memory(), None
    sizes = []
    for item in trial.frames(memory, MANY, objects=1):
        state = memory.write(state, item)
        sizes.append(state_bytes(state))
    _as_declared(memory, sizes)


def _as_declared(memory: Memory, sizes: list[int]) -> None:
    said = f"a state that is {memory.growth}"
    if memory.growth is Growth.CONSTANT:
        demand(len(set(sizes)) == 1, said, f"{sizes[0]} B at t = 1, {sizes[-1]} B at t = {MANY}")
    elif memory.growth is Growth.LINEAR:
        steps = {b - a for a, b in pairwise(sizes[1:])}  # the first frame may be kept whole
        demand(len(steps) == 1 and min(steps) > 0, said, f"steps of {sorted(steps)} B")
    else:
        scale = sizes[0] / memory.cost(1, GRID[0] * GRID[1], 1).state_bytes
        bound = memory.cost(FAR, GRID[0] * GRID[1], 1).state_bytes
        further = memory.cost(2 * FAR, GRID[0] * GRID[1], 1).state_bytes
        demand(bound == further, f"{said}: cost() with one bound", f"{bound} B, then {further} B")
        demand(max(sizes) <= scale * bound * (1 + CLOSE), f"{said}: at most {bound * scale:.0f} B",
               f"{max(sizes)} B")  # fmt: skip


def cost(trial: Trial) -> None:
    """The stated cost is what is counted within 1 %: multiply-adds, state and temporary bytes."""
    trial = replace(trial, dtype=torch.float32)
    memory, grid = trial.memory(16, 32), (6, 8)
    for t, objects in ((1, 1), (2, 3), (7, 2)):
        items = trial.frames(memory, t, objects=objects, grid=grid)
        kept, asked = written(memory, items[:-1]), trial.query(memory, grid=grid)
        said = memory.cost(t, grid[0] * grid[1], objects)
        with torch.inference_mode():
            live = memory.write(kept, items[-1])
            counted = {
                "write_macs": by_torch(partial(memory.write, kept, items[-1])),
                "read_macs": by_torch(partial(memory.read, live, asked)),
                "state_bytes": state_bytes(live),
                "temporary_bytes": _temporary(memory, live, asked),
            }
        for name, value in counted.items():
            told = getattr(said, name)
            demand(abs(told - value) <= CLOSE * max(told, value),
                   f"{name} {told} at t = {t} with {objects} objects", value)  # fmt: skip


def _temporary(memory: Memory, state: Any, asked: Tensor) -> int:
    with PeakBytes() as seen:
        result = memory.read(state, asked)
    extra: int = seen.peak - seen.live
    del result
    return extra
