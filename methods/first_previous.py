"""First and previous: STM that remembers the first frame and the last written one.

    R = V softmax(K^T Q / sqrt(key_dim)),  K = [K_1, K_t],  V = [V_1, V_t]

The softmax runs over the locations of both frames; before a second write there is one frame.

Shapes: K (objects, key_dim, 2 pixels), V (objects, value_dim, 2 pixels), Q (objects or 1, key_dim,
pixels). State: at most two frames, 8 objects pixels (key_dim + value_dim) bytes; read: 2 objects
pixels^2 (key_dim + value_dim) multiply-adds.

Source: the row "First & Previous" of the ablation of memory management in Oh, Lee, Xu, Kim, "Video
Object Segmentation using Space-Time Memory Networks", ICCV 2019, arXiv:1904.00607; the reading
scheme of RGMP and FEELVOS before it.
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


@register("first_previous")
class FirstPrevious(Memory):
    """Attention over the first frame and the frame written last."""

    growth = Growth.BOUNDED  # one frame, then two for ever
    paper = "Oh, Lee, Xu, Kim, VOS using Space-Time Memory Networks, ICCV 2019, arXiv:1904.00607"
    policy = WritePolicy(every=1)

    def write(self, state: Bank | None, frame: Frame) -> Bank:
        """Keeps key (objects, key_dim, h, w) and value (objects, value_dim, h, w) beside frame 1's.

        The one written before, if it was not the first, is forgotten.
        """
        first = None if state is None else Bank(state.keys[:1], state.values[:1])
        return append(first, frame.key, frame.value)

    def read(self, state: Bank, query: Tensor) -> tuple[Tensor, Bank]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        readout = attend(state, query.flatten(2), scale=1 / math.sqrt(self.key_dim))
        return readout.view(*readout.shape[:2], *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """One frame at t = 1, two from then on."""
        frames = min(t, 2)
        return attention_cost(frames, pixels, objects, self.key_dim, self.value_dim)
