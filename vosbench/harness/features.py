"""Random features in place of encoded frames: costs of a memory need its shapes, not its pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from vosbench.memory import Frame, KeyScope, Memory, Track, WritePolicy

CPU = torch.device("cpu")
QUERY = -1  # stands for t where the query is drawn


@dataclass(frozen=True)
class Features:
    """Keys, values and queries of one size; those of frame t follow from `seed` and t alone.

    Frames differ: a memory that merges what it has seen before would not grow on equal ones.
    Independent normal numbers are the worst case for such a memory: nothing ever looks alike.
    """

    memory: Memory
    grid: tuple[int, int]  # (h, w) at stride 16
    objects: int
    device: torch.device = CPU
    seed: int = 0

    def frame(self, t: int) -> Frame:
        """What the host would offer of frame t, in storage of its own."""
        m, source = self.memory, self._source(t)
        keys = 1 if m.key_scope is KeyScope.SHARED else self.objects
        key = self._draw(source, keys, m.key_dim)
        value = self._draw(source, self.objects, m.value_dim)
        mask = self._draw(source, self.objects, 1).sigmoid()
        return Frame(key, value, mask, t, t == 0)

    def query(self) -> Tensor:
        """The key of a frame to segment."""
        return self._draw(self._source(QUERY), 1, self.memory.key_dim)

    def states(self, policy: WritePolicy, times: tuple[int, ...]) -> Iterator[tuple[int, Any, Any]]:
        """(t, kept state, state that the read of frame t sees) for each t of `times`, in order."""
        host = Host(self, policy)
        for t in sorted(times):
            host.advance(t)
            yield t, host.kept, host.live

    def _source(self, t: int) -> torch.Generator:
        return torch.Generator().manual_seed((self.seed * 1_000_003 + t) % 2**63)

    def _draw(self, source: torch.Generator, frames: int, channels: int) -> Tensor:
        """Normal features (frames, channels, h, w)."""
        return torch.randn(frames, channels, *self.grid, generator=source).to(self.device)


@dataclass
class Host(Track):
    """What the segmenter does with a memory, on features.

    A memory whose read changes the state (one that counts usage) is read at every frame; another
    one is not, which is what makes thousands of frames cheap.
    """

    features: Features
    policy: WritePolicy
    t: int = 0  # the frame to come; all before it have been written
    counting: bool = True  # until a read has returned the very state it was given

    def advance(self, t: int) -> None:
        """Goes on to frame t, up to its read, which is left to the caller."""
        while self.t < t:
            if self.t and self.counting:
                self._read()
            self._write(last=self.t + 1 == t)
            self.t += 1

    def _read(self) -> None:
        before = self.live
        self.read(partial(self.features.memory.read, query=self.features.query()))
        self.counting = self.live is not before

    def _write(self, *, last: bool) -> None:
        given = self.t == 0
        keep = self.policy.keeps(self.t, given=given)
        read = given or last or self.counting  # before the next write: else it may be left out
        if keep or (read and self.policy.writes(self.t, given=given)):
            item = self.features.frame(self.t)
            self.write(partial(self.features.memory.write, frame=item), keep=keep)
