"""First: STM that remembers the first frame alone, the one whose mask the user gave.

    R = V_1 softmax(K_1^T Q / sqrt(key_dim))          softmax over the frame's locations

Later writes are ignored, so by default the host does not even encode them.

Shapes: K (objects, key_dim, pixels), V (objects, value_dim, pixels), Q (objects or 1, key_dim,
pixels). State: one frame, 4 objects pixels (key_dim + value_dim) bytes; read: objects pixels^2
(key_dim + value_dim) multiply-adds.

Source: the row "First" of the ablation of memory management in Oh, Lee, Xu, Kim, "Video Object
Segmentation using Space-Time Memory Networks", ICCV 2019, arXiv:1904.00607.
"""

from __future__ import annotations

import math
import sys
from typing import NamedTuple

from torch import Tensor

from vosbench.memory import (
    Bank,
    Cost,
    Frame,
    Growth,
    Memory,
    WritePolicy,
    append,
    attend,
    attention_cost,
)
from vosbench.registry import register


class Kept(NamedTuple):
    """The state."""

    bank: Bank  # one frame
    frames: int  # offered so far; the first one is kept


@register("first")
class First(Memory):
    """Attention over the first frame."""

    growth = Growth.CONSTANT
    paper = "Oh, Lee, Xu, Kim, VOS using Space-Time Memory Networks, ICCV 2019, arXiv:1904.00607"
    policy = WritePolicy(every=sys.maxsize)  # the given frame, and no other

    def write(self, state: Kept | None, frame: Frame) -> Kept:
        """Keeps key (objects, key_dim, h, w) and value (objects, value_dim, h, w) once."""
        if state is None:
            return Kept(append(None, frame.key, frame.value), 1)
        return state._replace(frames=state.frames + 1)

    def read(self, state: Kept, query: Tensor) -> tuple[Tensor, Kept]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        readout = attend(state.bank, query.flatten(2), scale=1 / math.sqrt(self.key_dim))
        return readout.view(*readout.shape[:2], *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """One frame at any t."""
        return attention_cost(1, pixels, objects, self.key_dim, self.value_dim)
