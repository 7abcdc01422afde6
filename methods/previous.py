"""Previous: STM that remembers the last written frame alone.

    R = V_t softmax(K_t^T Q / sqrt(key_dim))          softmax over the frame's locations

Each write replaces the one before: the classic propagation from frame to frame, errors included.

Shapes: K (objects, key_dim, pixels), V (objects, value_dim, pixels), Q (objects or 1, key_dim,
pixels). State: one frame, 4 objects pixels (key_dim + value_dim) bytes; read: objects pixels^2
(key_dim + value_dim) multiply-adds.

Source: the row "Previous" of the ablation of memory management in Oh, Lee, Xu, Kim, "Video Object
Segmentation using Space-Time Memory Networks", ICCV 2019, arXiv:1904.00607.
"""

from __future__ import annotations

import math

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


@register("previous")
class Previous(Memory):
    """Attention over the frame written last."""

    growth = Growth.CONSTANT
    paper = "Oh, Lee, Xu, Kim, VOS using Space-Time Memory Networks, ICCV 2019, arXiv:1904.00607"
    policy = WritePolicy(every=1)

    def write(self, state: Bank | None, frame: Frame) -> Bank:
        """Keeps key (objects, key_dim, h, w) and value (objects, value_dim, h, w) of this frame."""
        return append(None, frame.key, frame.value)

    def read(self, state: Bank, query: Tensor) -> tuple[Tensor, Bank]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        readout = attend(state, query.flatten(2), scale=1 / math.sqrt(self.key_dim))
        return readout.view(*readout.shape[:2], *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """One frame at any t."""
        return attention_cost(1, pixels, objects, self.key_dim, self.value_dim)
