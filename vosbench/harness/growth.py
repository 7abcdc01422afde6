"""Memory over t: bytes that live between frames, and bytes a read or write needs for a moment."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from vosbench.harness.features import Features
from vosbench.harness.subject import Subject
from vosbench.harness.tracker import PeakBytes
from vosbench.memory import Memory, WritePolicy, state_bytes
from vosbench.model.segmenter import reads
from vosbench.results import Row

PROTOCOLS = ("measured", "analytic")


def measure(
    subject: Subject, protocol: str, size: tuple[int, int], objects: int, times: tuple[int, ...]
) -> list[Row]:
    """State and peak temporary bytes when frame t is read.

    Args:
        subject: the method.
        protocol: "measured" (distinct storages; storages alive op by op) or "analytic" (cost()).
        size: (H, W) that the network sees, multiples of 16.
        objects: segmented together.
        times: frame indices.
    """
    grid = size[0] // 16, size[1] // 16
    if protocol == "analytic":
        return formula(subject.network.memory, subject.policy, grid, objects, times)
    features = Features(subject.network.memory, grid, objects)
    with torch.inference_mode():
        return track(features, subject.policy, times)


def formula(
    memory: Memory, policy: WritePolicy, grid: tuple[int, int], objects: int, times: tuple[int, ...]
) -> list[Row]:
    """What `Memory.cost` says."""
    rows = []
    for t in times:
        cost = memory.cost(reads(policy, t), grid[0] * grid[1], objects)
        rows += [
            Row(None, t, "state_bytes", cost.state_bytes, "byte"),
            Row(None, t, "read_temporary_bytes", cost.temporary_bytes, "byte"),
        ]
    return rows


def track(features: Features, policy: WritePolicy, times: tuple[int, ...]) -> list[Row]:
    """What is counted while the memory runs on random features."""
    rows, memory = [], features.memory
    for t, kept, live in features.states(policy, times):
        frame, query = features.frame(t), features.query()
        for name, value in (
            ("state_bytes", state_bytes(live)),
            ("branch_bytes", state_bytes(kept, live) - state_bytes(live)),
            ("read_temporary_bytes", _temporary(partial(memory.read, live, query))),
            ("write_temporary_bytes", _temporary(partial(memory.write, kept, frame))),
        ):
            rows.append(Row(None, t, name, value, "byte"))
    return rows


def _temporary(step: Any) -> int:
    """Peak bytes beyond what the step returns."""
    with PeakBytes() as seen:
        result = step()
        extra = int(seen.peak - seen.live)
    del result
    return extra
