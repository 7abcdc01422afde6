"""Table 1 of the GC paper: cost of the memory alone at 384x384, key 128, value 512.

The paper counts what is in memory after t frames; so do we: every frame is written. Its bytes of
STM are those of the public code, which holds the affinity of all frames at once; `stm` here visits
one frame after the other, so those bytes are a column of their own.
"""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Tensor

from vosbench import registry
from vosbench.harness.features import Features
from vosbench.harness.flops import by_torch
from vosbench.harness.growth import track
from vosbench.harness.tracker import peak_bytes
from vosbench.memory import WritePolicy
from vosbench.results import Cell, Row

METHODS = ("stm", "gc")
SIDE, KEY_DIM, VALUE_DIM = 384, 128, 512
PIXELS = (SIDE // 16) ** 2
FRAMES = (1, 10, 100)


def cell(method: str) -> Cell:
    """The cell of one row of the table."""
    return Cell(
        harness="table1", method=method, dataset="table1", size=f"{SIDE}x{SIDE}", objects=1,
        protocol="counted on random features, every frame written",
    )  # fmt: skip


def measure(method: str) -> list[Row]:
    """Counted multiply-adds of read and write, state bytes and peak temporary bytes.

    Of stm also `naive_read_temporary_bytes`, see `naive_bytes`.
    """
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
    if method == "stm":
        rows += [Row(None, t, "naive_read_temporary_bytes", naive_bytes(t), "byte") for t in FRAMES]
    return rows


def naive_bytes(frames: int) -> int:
    """Peak temporary bytes of the public STM read over so many frames, its readout left out.

    Counted on tensors without numbers: at 100 frames the affinity alone has 127 MiB.
    """
    meta = torch.device("meta")
    stored = frames * PIXELS
    key, value = (torch.empty(1, dim, stored, device=meta) for dim in (KEY_DIM, VALUE_DIM))
    query = torch.empty(1, KEY_DIM, PIXELS, device=meta)
    with torch.inference_mode():
        return peak_bytes(partial(_naive_read, key, value, query), meta).temporary


def _naive_read(key: Tensor, value: Tensor, query: Tensor) -> Tensor:
    """Key (1, key_dim, stored), value (1, value_dim, stored), query (1, key_dim, pixels)."""
    affinity = key.mT @ query  # S
    affinity /= math.sqrt(key.shape[1])
    return value @ affinity.softmax(dim=1)  # R = V softmax(S)
