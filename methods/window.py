"""Window: the first frame and the last few written ones, the bank of SAM 2.

    R = V softmax(K^T Q / sqrt(key_dim)),  K = [K_1, K_{t-r+1} ... K_t],  r = recent

The stride of the window is the host's: `policy_every=5` keeps every fifth frame in it, and
`policy_include_previous=1` then lets the last frame take the oldest one's place, as SAM 2 does.

Shapes: K (objects, key_dim, (1 + recent) pixels), V (objects, value_dim, ...), Q (objects or 1,
key_dim, pixels). State: at most 1 + recent frames of 4 pixels (key_dim + value_dim)
bytes an object.

Unlike the paper: its frames are read by four layers of transformer cross-attention with rotary
position embeddings, embeddings of a frame's age and object pointers, all learned. Here is the bank
and its rule of eviction, read by STM's softmax.

Source: Ravi et al., "SAM 2: Segment Anything in Images and Videos", 2024, arXiv:2408.00714.
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
    check_whole,
)
from vosbench.registry import register


@register("window")
class Window(Memory):
    """Attention over the first frame and the `recent` last ones.

    Args:
        key_dim: channels of keys and queries.
        value_dim: channels of values and readouts.
        recent: frames in the window, beside the first.

    Raises:
        ValueError: `recent` is not a whole number from 1 on.
    """

    growth = Growth.BOUNDED
    paper = "Ravi et al., SAM 2: Segment Anything in Images and Videos, 2024, arXiv:2408.00714"
    policy = WritePolicy(every=1)
    capacity = "recent"

    def __init__(self, key_dim: int, value_dim: int, recent: int = 6) -> None:
        super().__init__(key_dim, value_dim)
        check_whole(1, recent=recent)
        self.recent = recent

    def write(self, state: Bank | None, frame: Frame) -> Bank:
        """Appends key (objects, key_dim, h, w) and value; the oldest but the first may go."""
        bank = append(state, frame.key, frame.value)
        if len(bank.keys) <= 1 + self.recent:
            return bank
        return Bank(*((x[0], *x[-self.recent :]) for x in bank))

    def read(self, state: Bank, query: Tensor) -> tuple[Tensor, Bank]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        readout = attend(state, query.flatten(2), scale=1 / math.sqrt(self.key_dim))
        return readout.view(*readout.shape[:2], *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """As STM with at most 1 + recent frames."""
        frames = min(t, 1 + self.recent)
        return attention_cost(frames, pixels, objects, self.key_dim, self.value_dim)
