"""The machine's own noise: fixed work, timed again and again beside the methods.

A fixed matrix product and a fixed copy take the same time on a quiet machine. How far they spread
while the methods were timed says how far the methods' own numbers may be off.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

import torch

from vosbench.harness.speed.clock import Clock
from vosbench.results import Row

REPEATS = 3  # of each kind of work; the median is kept


class Work(NamedTuple):
    """The size of the fixed work."""

    side: int  # of two square float32 matrices that are multiplied
    floats: int  # that are copied: past the caches


CPU, CUDA = Work(384, 8 << 20), Work(4096, 64 << 20)


class Probe(NamedTuple):
    """One look at the machine."""

    gemm: float  # seconds of the matrix product
    copy: float  # seconds of the copy


class Prober:
    """Holds the fixed work's tensors, so that a probe allocates nothing."""

    def __init__(self, device: str, work: Work | None = None) -> None:
        side, floats = work or (CPU if device == "cpu" else CUDA)
        self.clock = Clock(device)
        self._a = torch.ones(side, side, device=device)
        self._product = torch.empty_like(self._a)
        self._source = torch.ones(floats, device=device)
        self._copy = torch.empty_like(self._source)
        self.probe()  # warms up

    def probe(self) -> Probe:
        """Times the fixed work."""
        return Probe(
            self._median(lambda: torch.mm(self._a, self._a, out=self._product)),
            self._median(lambda: self._copy.copy_(self._source)),
        )

    def _median(self, work: object) -> float:
        assert callable(work)
        return statistics.median(self.clock.time(work)[1] for _ in range(REPEATS))


def rows(probes: Sequence[Probe]) -> list[Row]:
    """The spread of the probes: the slowest over the fastest of each kind, and the larger of both.

    1 is a quiet machine. Nothing comes of fewer than two probes.
    """
    if len(probes) < 2:
        return []
    gemm, copy = (max(x) / min(x) for x in zip(*probes, strict=True))
    return [
        Row(None, None, "noise_ratio", max(gemm, copy), "1"),
        Row(None, None, "noise_gemm_ratio", gemm, "1"),
        Row(None, None, "noise_copy_ratio", copy, "1"),
    ]
