"""None: no memory at all. The readout is zero, so what is left is the decoder alone.

    R = 0

It is the floor of every comparison: what a method scores above it is what its memory buys. The
network still sees each frame, but nothing tells it which object is wanted.

Shapes: readout (objects, value_dim, h, w). State: 0 bytes; reads and writes: 0 multiply-adds.

Source: the ablation of the memory in Oh, Lee, Xu, Kim, "Video Object Segmentation using Space-Time
Memory Networks", ICCV 2019, arXiv:1904.00607, taken to its end: they always keep a frame.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

from torch import Tensor

from vosbench.memory import Cost, Frame, Growth, KeyScope, Memory, WritePolicy
from vosbench.registry import register


class Nothing(NamedTuple):
    """The state: how many objects there are, as the length of a tensor without elements."""

    objects: Tensor  # (objects, 0)
    frames: int  # offered so far; none is kept


@register("none")
class NoMemory(Memory):
    """Remembers nothing and reads zeros."""

    growth = Growth.CONSTANT
    key_scope = KeyScope.SHARED  # it looks at none: weights without own keys will do
    paper = "the floor: STM (arXiv:1904.00607) without its memory"
    policy = WritePolicy(every=sys.maxsize)  # a given frame makes a state; no other is encoded

    def write(self, state: Nothing | None, frame: Frame) -> Nothing:
        """Keeps the number of objects alone."""
        if state is None:
            return Nothing(frame.value.new_empty(frame.value.shape[0], 0), 1)
        return state._replace(frames=state.frames + 1)

    def read(self, state: Nothing, query: Tensor) -> tuple[Tensor, Nothing]:
        """Query (objects or 1, key_dim, h, w) -> zeros (objects, value_dim, h, w)."""
        return query.new_zeros(len(state.objects), self.value_dim, *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """Nothing."""
        return Cost(read_macs=0, write_macs=0, state_bytes=0, temporary_bytes=0)
