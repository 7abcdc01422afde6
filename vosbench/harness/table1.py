"""Table 1 of the GC paper: cost of the memory alone at 384x384, key 128, value 512.

The paper counts what is in memory after t frames; so do we: every frame is written.
"""

from __future__ import annotations

from functools import partial

import torch

from vosbench import registry
from vosbench.harness.features import Features
from vosbench.harness.flops import by_torch
from vosbench.harness.growth import track
from vosbench.memory import WritePolicy
from vosbench.results import Cell, Row

METHODS = ("stm", "gc")
SIDE, KEY_DIM, VALUE_DIM = 384, 128, 512
FRAMES = (1, 10, 100)


def cell(method: str) -> Cell:
    """The cell of one row of the table."""
    return Cell(
        harness="table1", method=method, dataset="table1", size=f"{SIDE}x{SIDE}", objects=1,
        protocol="counted on random features, every frame written",
    )  # fmt: skip


def measure(method: str) -> list[Row]:
    """Counted multiply-adds of read and write, state bytes and peak temporary bytes."""
    memory = registry.build(method, KEY_DIM, VALUE_DIM)
    features = Features(memory, (SIDE // 16, SIDE // 16), objects=1)
    every = WritePolicy(every=1)
    with torch.inference_mode():
        rows = track(features, every, FRAMES)
        for t, kept, live in features.states(every, FRAMES):
            frame, query = features.frame(t), features.query()
            read = by_torch(partial(memory.read, live, query))
            write = by_torch(partial(memory.write, kept, frame))
            rows += [
                Row(None, t, "read_macs", read, "MAC"),
                Row(None, t, "write_macs", write, "MAC"),
            ]
    return rows
