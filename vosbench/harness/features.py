"""Random features in place of encoded frames: costs of a memory need its shapes, not its pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vosbench.memory import Frame, Memory, WritePolicy


@dataclass(frozen=True)
class Features:
    """Keys, values and queries of one size, drawn once from `seed` and used for every frame."""

    memory: Memory
    grid: tuple[int, int]  # (h, w) at stride 16
    objects: int
    seed: int = 0

    def draw(self, frames: int, channels: int) -> Tensor:
        """Normal features (frames, channels, h, w) on the memory's device."""
        source = torch.Generator().manual_seed(self.seed)
        x = torch.randn(frames, channels, *self.grid, generator=source)
        parameter = next(self.memory.parameters(), x)
        return x.to(parameter.device)

    def frame(self, t: int) -> Frame:
        """What the host would offer of frame t."""
        o, m = self.objects, self.memory
        mask = self.draw(o, 1).sigmoid()
        return Frame(self.draw(o, m.key_dim), self.draw(o, m.value_dim), mask, t, t == 0)

    def query(self) -> Tensor:
        """The key of a frame to segment."""
        return self.draw(1, self.memory.key_dim)

    def states(self, policy: WritePolicy, times: tuple[int, ...]) -> Iterator[tuple[int, Any, Any]]:
        """(t, kept state, state that the read of frame t sees) for each t, in order."""
        kept = live = None
        for t in range(max(times)):
            given = t == 0
            if policy.keeps(t, given=given):
                kept = live = self.memory.write(kept, self.frame(t))
            elif given or (policy.include_previous and t + 1 in times):
                live = self.memory.write(kept, self.frame(t))
            if t + 1 in times:
                yield t + 1, kept, live
