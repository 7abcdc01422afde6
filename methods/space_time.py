"""STM: the space-time memory, which stores every frame it is given and is read by attention.

    S = K^T Q / sqrt(key_dim)     affinity of every stored location with every query location
    A = softmax of S over the stored locations of all frames
    R = V A

The bank grows by one frame per write. Its host keeps every 5th frame, the first one, and lets each
read also see the previous frame (`policy`), as the authors do. The affinity of the whole bank never
exists at once: `attend` takes the softmax block by block.

Shapes: K (objects, key_dim, stored), V (objects, value_dim, stored), Q (objects or 1, key_dim,
pixels), stored = frames x pixels. State: 4 objects stored (key_dim + value_dim) bytes.

Source: Oh, Lee, Xu, Kim, "Video Object Segmentation using Space-Time Memory Networks", ICCV 2019,
arXiv:1904.00607.
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


@register("stm")
class SpaceTime(Memory):
    """Every stored location of every stored frame answers every query location."""

    growth = Growth.LINEAR
    paper = "Oh, Lee, Xu, Kim, VOS using Space-Time Memory Networks, ICCV 2019, arXiv:1904.00607"
    policy = WritePolicy(every=5, keep_first=True, include_previous=True)

    def write(self, state: Bank | None, frame: Frame) -> Bank:
        """Appends key (objects, key_dim, h, w) and value (objects, value_dim, h, w)."""
        return append(state, frame.key, frame.value)

    def read(self, state: Bank, query: Tensor) -> tuple[Tensor, Bank]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        readout = attend(state, query.flatten(2), scale=1 / math.sqrt(self.key_dim))
        return readout.view(*readout.shape[:2], *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """Read: objects x stored x pixels x (key_dim + value_dim); a write multiplies nothing."""
        return attention_cost(t, pixels, objects, self.key_dim, self.value_dim)
