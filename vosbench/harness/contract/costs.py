"""The clauses on costs: what a memory declares of its size and its work is what it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from vosbench.harness.contract.breach import BreachError, demand
from vosbench.harness.contract.products import products
from vosbench.harness.contract.trial import GRID, Trial, written
from vosbench.harness.flops import by_torch
from vosbench.harness.tracker import PeakBytes
from vosbench.memory import Cost, Growth, Memory, state_bytes, tensors

MANY = 500  # writes
FAR = 10**6  # frames: a bounded state has reached its bound by then
CLOSE = 0.01  # relative: of what is counted to what cost() says
FEW = 4  # for each number of the state
LOOKED_AT = ((1, 1), (2, 3), (7, 2), (30, 2), (100, 1))  # (t, objects): before, amid evictions


def growth(trial: Trial) -> None:
    """State bytes grow as declared and readouts stay finite, over 500 frames."""
    memory, state = trial.memory(), None
    asked, sizes = trial.query(memory), []
    for item in trial.frames(memory, MANY, objects=1):
        readout, state = memory.read(memory.write(state, item), asked.clone())
        finite = bool(readout.isfinite().all())
        demand(finite, "finite readouts", f"inf or nan at t = {item.t}")
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
        at_first, bound, further = (
            _stated(memory, t, GRID[0] * GRID[1], 1).state_bytes for t in (1, FAR, 2 * FAR)
        )
        demand(at_first > 0, f"{said}: cost() with its bytes", "0 B at t = 1")
        scale = sizes[0] / at_first  # of the dtype
        demand(bound == further, f"{said}: cost() with one bound", f"{bound} B, then {further} B")
        demand(max(sizes) <= scale * bound * (1 + CLOSE), f"{said}: at most {bound * scale:.0f} B",
               f"{max(sizes)} B")  # fmt: skip


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
            counted = {
                "write_macs": _products(partial(memory.write, kept, items[-1]), live),
                "read_macs": _products(partial(memory.read, live, asked), live),
                "state_bytes": (state_bytes(live),) * 2,
                "temporary_bytes": (_temporary(memory, live, asked),) * 2,
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


def _temporary(memory: Memory, state: Any, asked: Tensor) -> int:
    with PeakBytes() as seen:
        result = memory.read(state, asked)
    extra: int = seen.peak - seen.live
    del result
    return extra
