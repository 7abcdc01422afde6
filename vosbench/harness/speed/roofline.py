"""The roofline: how long a memory's read and write must take on this machine, and how long they do.

A machine multiplies at some rate and moves bytes at another, both measured here. An operation that
needs M multiply-adds and moves B bytes cannot take less than max(M / rate, B / bandwidth). What the
method takes over that floor is its distance to the roofline: 1 is perfect, 10 leaves nine tenths of
the machine unused.

Source: Williams, Waterman, Patterson, "Roofline: an insightful visual performance model",
Communications of the ACM 52(4), 2009.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from vosbench.harness.speed.clock import Clock
from vosbench.memory import KeyScope, Memory, WritePolicy
from vosbench.results import Row

LEAST = 0.05  # seconds that each rate is measured for
SMALLEST, LARGEST = 1 << 16, 1 << 26  # bytes of the measured copy


@dataclass(frozen=True)
class Work:
    """What an operation cannot avoid."""

    macs: int  # multiply-adds
    bytes: int  # read or written


@dataclass(frozen=True)
class Machine:
    """What the machine does, measured."""

    gemm_rate: float  # multiply-adds a second, of float32 matrix products
    copy_rate: float  # bytes a second, read and written both counted

    def seconds(self, work: Work) -> float:
        """The least time that the work takes here."""
        return max(work.macs / self.gemm_rate, work.bytes / self.copy_rate)


def measure(device: str, shapes: list[tuple[int, int, int]], moved: int) -> Machine:
    """The machine's rates, the best of many: a roof is what can be reached.

    Args:
        device: where the method ran; CPU threads are as set.
        shapes: (rows, inner, columns) of matrix products; the fastest counts.
        moved: bytes that the method's operations move: a small copy stays in the caches, and so
            does a small memory.
    """
    clock = Clock(device)
    rate = 0.0
    for rows, inner, columns in shapes:
        a, b = (torch.ones(*x, device=device) for x in ((rows, inner), (inner, columns)))
        out = torch.empty(rows, columns, device=device)
        best = _best(clock, lambda a=a, b=b, out=out: torch.mm(a, b, out=out))  # type: ignore[misc]
        rate = max(rate, rows * inner * columns / best)
    source = torch.ones(min(max(moved, SMALLEST), LARGEST) // 8, device=device)
    target = torch.empty_like(source)
    copied = 2 * 4 * source.numel()
    return Machine(rate, copied / _best(clock, lambda: target.copy_(source)))


def _best(clock: Clock, call: Callable[[], object]) -> float:
    call()
    end, best = clock.now() + LEAST, float("inf")
    while best == float("inf") or clock.now() < end:
        best = min(best, clock.time(call)[1])
    return best


def shapes(memory: Memory, pixels: int) -> list[tuple[int, int, int]]:
    """The products that memories are made of: K^T V, its use on a query, and a square."""
    key, value = memory.key_dim, memory.value_dim
    return [(key, pixels, value), (value, key, pixels), (pixels, key, pixels), (512, 512, 512)]


def read_work(memory: Memory, frames: int, pixels: int, objects: int) -> Work:
    """One read with `frames` in memory: the state and the query in, the readout out."""
    cost = memory.cost(frames, pixels, objects)
    through = 4 * pixels * (memory.key_dim + objects * memory.value_dim)  # one query for all
    return Work(cost.read_macs, cost.state_bytes + through)


def write_work(memory: Memory, frames: int, pixels: int, objects: int) -> Work:
    """The `frames`-th write: key and value in, the state in and out.

    A write without arithmetic may keep what it is given as it is: it need not take any time.
    """
    cost = memory.cost(frames, pixels, objects)
    if not cost.write_macs:
        return Work(0, 0)
    keys = 1 if memory.key_scope is KeyScope.SHARED else objects
    item = 4 * pixels * (keys * memory.key_dim + objects * memory.value_dim)
    return Work(cost.write_macs, item + 2 * cost.state_bytes)


def frame_work(
    memory: Memory, policy: WritePolicy, t: int, pixels: int, objects: int
) -> list[Work]:
    """Reads and writes of frame t under a write policy."""
    work = [read_work(memory, policy.seen(t), pixels, objects)]
    if policy.writes(t, given=False):
        work.append(write_work(memory, policy.kept(t) + 1, pixels, objects))
    return work


def rows(machine: Machine, work: Mapping[int, list[Work]], spent: Mapping[int, float]) -> list[Row]:
    """Floor and distance at each t, and over all of them.

    Args:
        machine: its rates.
        work: of read and write at each t.
        spent: seconds of read and write together at each t, as timed.
    """
    out, floors = [], {}
    for t, parts in work.items():
        floors[t] = sum(machine.seconds(part) for part in parts)
        by_macs = sum(part.macs for part in parts) / machine.gemm_rate
        by_bytes = sum(part.bytes for part in parts) / machine.copy_rate
        out += [
            Row(None, t, "roofline_macs_seconds", by_macs, "s"),
            Row(None, t, "roofline_bytes_seconds", by_bytes, "s"),
            Row(None, t, "roofline_seconds", floors[t], "s"),
            Row(None, t, "roofline_ratio", spent[t] / floors[t], "1"),
        ]
    return [
        *out,
        Row(None, None, "roofline_ratio", sum(spent.values()) / sum(floors.values()), "1"),
        Row(None, None, "gemm_rate", machine.gemm_rate, "MAC/s"),
        Row(None, None, "copy_rate", machine.copy_rate, "byte/s"),
    ]
