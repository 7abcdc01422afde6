"""Multiply-adds of every stage, counted three ways: by formula, by fvcore and by torch.

A multiply-add (MAC) is one product that is added to a sum: those of convolutions and of products of
matrices. 1 MAC = 2 FLOPs. fvcore counts MACs, torch's FlopCounterMode FLOPs (halved here). What
neither counts (softmax, exp, top-k, ...) is recorded by name; `UNCOUNTED` says why.
"""

from vosbench.harness.flops.by_fvcore import fvcore_counts
from vosbench.harness.flops.by_layers import by_layers
from vosbench.harness.flops.by_torch import by_torch, torch_counts
from vosbench.harness.flops.measure import (
    COUNTERS,
    SCALING_TIMES,
    cases,
    host_rows,
    measure,
    memory_rows,
)
from vosbench.harness.flops.operators import MOVES, Counted
from vosbench.metrics.uncounted import UNCOUNTED, why

__all__ = [
    "COUNTERS",
    "MOVES",
    "SCALING_TIMES",
    "UNCOUNTED",
    "Counted",
    "by_layers",
    "by_torch",
    "cases",
    "fvcore_counts",
    "host_rows",
    "measure",
    "memory_rows",
    "torch_counts",
    "why",
]
