"""The clauses on costs: what a memory declares of its size and its work is what it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import torch

from vosbench.harness.contract.breach import BreachError, demand
from vosbench.harness.contract.products import products
from vosbench.harness.contract.trial import GRID, Trial, written
from vosbench.harness.flops import by_torch
from vosbench.harness.growth.contract import CLOSE, broken
from vosbench.harness.tracker import peak_bytes
from vosbench.memory import Cost, Growth, Memory, state_bytes, tensors

MANY = 500  # writes
FEW = 4  # for each number of the state
LOOKED_AT = ((1, 1), (2, 3), (7, 2), (30, 2), (100, 1))  # (t, objects): before, amid evictions


def growth(trial: Trial) -> None:
    """State bytes grow as declared and readouts stay finite, over 500 frames."""
    trial = replace(trial, dtype=torch.float32)
    memory, state = trial.memory(), None
    asked, sizes = trial.query(memory), []
    for item in trial.frames(memory, MANY, objects=1):
        readout, state = memory.read(memory.write(state, item), asked.clone())
        finite = bool(readout.isfinite().all())
        demand(finite, "finite readouts", f"inf or nan at t = {item.t}")
        sizes.append((item.t + 1, state_bytes(state)))
    said = f"a state that is {memory.growth}"
    if breach := broken(memory.growth, partial(_stated_bytes, memory), sizes):
        raise BreachError(f"{said}: {breach[0]}", breach[1])
    if memory.growth is Growth.LINEAR:
        steps = {b[1] - a[1] for a, b in pairwise(sizes[1:])}  # the first may be kept whole
        demand(len(steps) == 1 and min(steps) > 0, said, f"steps of {sorted(steps)} B")


def _stated_bytes(memory: Memory, t: int) -> int:
    size = _stated(memory, t, GRID[0] * GRID[1], 1).state_bytes
    demand(size > 0, f"a state that is {memory.growth}: cost() with its bytes", f"0 B at t = {t}")
    return size


def cost(trial: Trial) -> None:
    """The stated cost is what is counted within 1 %: multiply-adds, state and temporary bytes."""
    trial = replace(trial, dtype=torch.float32)
    grid = 6, 8
    for t, objects in LOOKED_AT:
        memory = trial.memory(16, 32)  # a new one: what it keeps on itself is `reset`'s concern
        items = trial.frames(memory, t, objects=objects, grid=grid)
        kept, asked = written(memory, items[:-1]), trial.query(memory, grid=grid)
        said = _stated(memory, t, grid[0] * grid[1], objects)
        with torch.inference_mode():
            live = memory.write(kept, items[-1])
            read = partial(memory.read, live, asked)
            counted = {
                "write_macs": _products(partial(memory.write, kept, items[-1]), live),
                "read_macs": _products(read, live),
                "state_bytes": (state_bytes(live),) * 2,
                "temporary_bytes": (peak_bytes(read, asked.device).temporary,) * 2,
            }
        for name, (least, most) in counted.items():
            told, found = getattr(said, name), f"{least}" if least == most else f"{least} to {most}"
            demand(
                least * (1 - CLOSE) <= told <= most * (1 + CLOSE),
                f"cost() to state {name} {found}, as counted at t = {t}, objects = {objects}",
                told,
            )


def _stated(memory: Memory, t: int, pixels: int, objects: int) -> Cost:
    """What cost() says, if it is there and a Cost."""
    try:
        said: object = memory.cost(t, pixels, objects)
    except NotImplementedError:
        said = "no such method"
    if not isinstance(said, Cost):
        raise BreachError("cost(t, pixels, objects) to return a Cost", said)
    return said


def _products(step: Callable[[], Any], live: Any) -> tuple[int, int]:
    """Multiply-adds of a step that have to be stated, and those that may be.

    No counter has products number by number. Those that only scale what is there, a few for each
    number of the state, may be left out; a matrix product in their form may not.
    """
    counted, by_number = by_torch(step), products(step)
    numbers = sum(x.numel() for x in tensors(live))
    return counted + (by_number if by_number > FEW * numbers else 0), counted + by_number
