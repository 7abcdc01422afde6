"""The rows of a count: every stage by itself, as a function of t, frame size and objects."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import torch
from torch import nn

from vosbench.harness.features import Features
from vosbench.harness.flops.by_fvcore import fvcore_counts
from vosbench.harness.flops.by_layers import by_layers
from vosbench.harness.flops.by_torch import torch_counts
from vosbench.harness.subject import Subject
from vosbench.memory import WritePolicy
from vosbench.model.network import Network, count_parameters
from vosbench.results import Row

COUNTERS = ("analytic", "fvcore", "torch")
SCALING_TIMES = (1, 10, 100)  # t in cells of harness "scaling"
_SIZES = ((480, 864), (720, 1280))  # (H, W), one object each
_OBJECTS = (1, 2, 3, 5)  # at a data set's own size
_COUNTED = 3  # of these; one object is what harness "flops" counts
_STATED = ("analytic",)
Step = Callable[[], Any]


class Stage(NamedTuple):
    """One thing to count."""

    name: str
    t: int | None
    step: Step
    parts: nn.Module  # whose weights it uses


def measure(
    subject: Subject, counter: str, size: tuple[int, int], objects: int, times: tuple[int, ...]
) -> list[Row]:
    """Multiply-adds of encode, memory_encode, write, read and decode; write and read at each t.

    For each stage: `<stage>_macs` in MAC; of fvcore and torch also `<stage>_macs_unaided` (MAC,
    what the counter says without our rules), `<stage>_macs_ratio` (counted / formula, 1 where both
    are 0, NaN where the formula alone is 0) and `<stage>_uncounted:<operator>` (calls, see
    `UNCOUNTED`). And `parameters`, of the whole network.

    Args:
        subject: the method.
        counter: one of COUNTERS. The formula is `Memory.cost` and the sizes of the layers.
        size: (H, W) that the network sees, multiples of 16.
        objects: segmented together.
        times: frame indices; what a read sees then follows from the write policy.
    """
    network, policy = subject.network, subject.policy
    rows = [Row(None, None, "parameters", count_parameters(network), "1")]
    device = next(network.parameters()).device
    features = Features(network.memory, (size[0] // 16, size[1] // 16), objects, device)
    with torch.no_grad():
        return [
            *rows,
            *host_rows(network, counter, size, objects),
            *memory_rows(features, policy, counter, times),
        ]


def host_rows(network: Network, counter: str, size: tuple[int, int], objects: int) -> list[Row]:
    """The stages around the memory: without t, since they do not depend on it."""
    stated = _stated(network, size, objects)
    if counter == "analytic":
        return [Row(None, None, f"{name}_macs", macs, "MAC") for name, macs in stated.items()]
    # torch needs no numbers, so nothing is computed for it; fvcore's tracer does
    device = next(network.parameters()).device if counter == "fvcore" else torch.device("meta")
    stages = host_stages(network, size, objects, device)
    return [row for stage in stages for row in _rows(counter, stage, stated[stage.name])]


@lru_cache(maxsize=2)  # three counters ask for the same, one after the other
def _stated(network: Network, size: tuple[int, int], objects: int) -> dict[str, int]:
    """The formula of the stages around the memory; nothing is computed for it either."""
    stages = host_stages(network, size, objects, torch.device("meta"))
    return {stage.name: by_layers(stage.step, stage.parts) for stage in stages}


def memory_rows(
    features: Features, policy: WritePolicy, counter: str, times: tuple[int, ...]
) -> list[Row]:
    """Read and write at each t, on random features."""
    stated = formula(features, policy, times)
    if counter == "analytic":
        return stated
    memory, rows = features.memory, []
    macs = {(row.metric, row.t): row.value for row in stated}
    for t, kept, live in features.states(policy, times):
        for name, step in (
            ("read", partial(memory.read, live, features.query())),
            ("write", partial(memory.write, kept, features.frame(t))),
        ):
            rows += _rows(counter, Stage(name, t, step, memory), macs[f"{name}_macs", t])
    return rows


def formula(features: Features, policy: WritePolicy, times: tuple[int, ...]) -> list[Row]:
    """What `Memory.cost` states of the read of frame t and of a write of it."""
    rows, pixels = [], features.grid[0] * features.grid[1]
    for t in times:
        read = features.memory.cost(policy.seen(t), pixels, features.objects)
        write = features.memory.cost(policy.kept(t) + 1, pixels, features.objects)
        rows += [
            Row(None, t, "read_macs", read.read_macs, "MAC"),
            Row(None, t, "write_macs", write.write_macs, "MAC"),
        ]
    return rows


def cases(size: tuple[int, int]) -> tuple[tuple[tuple[int, int], int, tuple[str, ...]], ...]:
    """((H, W), objects, counters) of harness "scaling": a size with several objects, others with
    one. The formula is stated of all; what is cheap enough to run, three objects and half the
    sides, is counted too.

    >>> cases((240, 432))[-3:-1]
    (((112, 208), 1, ('analytic', 'fvcore', 'torch')), ((480, 864), 1, ('analytic',)))
    """
    half = tuple(max(16, side // 32 * 16) for side in size)
    several = tuple((size, n, COUNTERS if n == _COUNTED else _STATED) for n in _OBJECTS)
    larger = tuple((other, 1, _STATED) for other in _SIZES if other != size)
    return (*several, ((half[0], half[1]), 1, COUNTERS), *larger)


def host_stages(
    network: Network, size: tuple[int, int], objects: int, device: torch.device
) -> list[Stage]:
    """Encode, memory_encode and decode on a copy of the network, which nothing has compiled."""
    copied = copy.deepcopy(network).to(device)
    frame = torch.zeros(1, 3, *size, device=device)
    mask = torch.zeros(objects, 1, *size, device=device)
    query = copied.encode(frame)
    grid = query.value.shape[2:]
    readout = torch.zeros(objects, copied.memory.value_dim, *grid, device=device)
    steps: dict[str, Step] = {
        "encode": lambda: copied.encode(frame),
        "memory_encode": lambda: copied.memorise(frame, mask, 0, given=True, query=query),
        "decode": lambda: copied.decode(readout, query),
    }
    return [Stage(name, None, step, copied) for name, step in steps.items()]


def _rows(counter: str, stage: Stage, formula: float) -> list[Row]:
    name, t, step, parts = stage
    counted = torch_counts(step) if counter == "torch" else fvcore_counts(step, parts)
    ratio = counted.macs / formula if formula else (float("nan") if counted.macs else 1.0)
    return [
        Row(None, t, f"{name}_macs", counted.macs, "MAC"),
        Row(None, t, f"{name}_macs_unaided", counted.unaided, "MAC"),
        Row(None, t, f"{name}_macs_ratio", ratio, "1"),
        *(
            Row(None, t, f"{name}_uncounted:{operator}", calls, "call")
            for operator, calls in sorted(counted.uncounted.items())
        ),
    ]
