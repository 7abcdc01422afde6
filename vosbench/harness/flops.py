"""Multiply-adds of every stage, counted three ways: by formula, by fvcore and by torch.

1 MAC = 2 FLOPs; fvcore counts MACs, torch's FlopCounterMode FLOPs (halved here). Neither counts
softmax, exp or top-k: what fvcore met and left out is recorded by name.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from vosbench.harness.features import Features
from vosbench.harness.subject import Subject
from vosbench.memory import tensors
from vosbench.model.network import count_parameters
from vosbench.model.segmenter import reads
from vosbench.results import Row

with warnings.catch_warnings():  # fvcore's own import uses what torch deprecates
    warnings.simplefilter("ignore", FutureWarning)
    from fvcore.nn import FlopCountAnalysis

COUNTERS = ("analytic", "fvcore", "torch")
Step = Callable[[], Any]


class _Call(nn.Module):
    """A function as a module, because fvcore traces nothing else.

    What it returns is flattened: an output that is not returned would be traced away, uncounted.
    """

    def __init__(self, step: Step, parts: nn.Module) -> None:
        super().__init__()
        self.step = step
        self.parts = parts

    def forward(self) -> tuple[Tensor, ...]:
        return tuple(x.clone() for x in tensors(self.step()))  # an input itself cannot be traced


def by_fvcore(step: Step, parts: nn.Module) -> tuple[int, dict[str, int]]:
    """Multiply-adds by fvcore, and the operators that it did not count with their number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's remarks on shapes read as numbers
        analysis = FlopCountAnalysis(_Call(step, parts), ())
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        return int(analysis.total()), dict(analysis.unsupported_ops())


def by_torch(step: Step) -> int:
    """Multiply-adds by torch's FlopCounterMode."""
    with FlopCounterMode(display=False) as counter:
        step()
    return int(counter.get_total_flops()) // 2


def measure(
    subject: Subject, counter: str, size: tuple[int, int], objects: int, times: tuple[int, ...]
) -> list[Row]:
    """Multiply-adds of encode, memory_encode, write, read and decode at each t.

    Args:
        subject: the method.
        counter: one of COUNTERS. The formula knows the memory's stages only.
        size: (H, W) that the network sees, multiples of 16.
        objects: segmented together.
        times: frame indices; what a read sees then follows from the write policy.
    """
    network, memory = subject.network, subject.network.memory
    grid = size[0] // 16, size[1] // 16
    rows = [Row(None, None, "parameters", count_parameters(network), "1")]
    if counter == "analytic":
        for t in times:
            cost = memory.cost(reads(subject.policy, t), grid[0] * grid[1], objects)
            rows += [
                Row(None, t, "read_macs", cost.read_macs, "MAC"),
                Row(None, t, "write_macs", cost.write_macs, "MAC"),
            ]
        return rows
    features = Features(memory, grid, objects)
    with torch.no_grad():
        for name, step in _host(subject, size, objects).items():
            rows += _count(counter, name, step, network, None)
        for t, kept, live in features.states(subject.policy, times):
            frame, query = features.frame(t), features.query()
            rows += _count(counter, "read", partial(memory.read, live, query), memory, t)
            rows += _count(counter, "write", partial(memory.write, kept, frame), memory, t)
    return rows


def _count(counter: str, name: str, step: Step, parts: nn.Module, t: int | None) -> list[Row]:
    if counter == "torch":
        return [Row(None, t, f"{name}_macs", by_torch(step), "MAC")]
    macs, uncounted = by_fvcore(step, parts)
    rows = [Row(None, t, f"{name}_macs", macs, "MAC")]
    return rows + [Row(None, t, f"{name}_uncounted {op}", n, "1") for op, n in uncounted.items()]


def _host(subject: Subject, size: tuple[int, int], objects: int) -> dict[str, Step]:
    """The stages around the memory; they do not depend on t."""
    network = subject.network
    place = next(network.parameters()).device
    frame = torch.rand(1, 3, *size, device=place)
    mask = torch.rand(objects, 1, *size, device=place)
    query = network.encode(frame)
    readout = torch.rand(objects, network.shape.value_dim, *query.value.shape[2:], device=place)
    return {
        "encode": lambda: network.encode(frame),
        "memory_encode": lambda: network.memorise(frame, mask, 0, given=True),
        "decode": lambda: network.decode(readout, query),
    }
