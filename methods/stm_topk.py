"""STM with a top-k read: each query location listens to its k best stored locations alone.

    S = K^T Q / sqrt(key_dim)     score of every stored location with every query location
    A = softmax of the k largest entries of each column of S, zero elsewhere
    R = V A

The largest score is subtracted before the exponential; public code often leaves that out and
overflows from scores of about 88 (float32) or 11 (float16) on.

Shapes: K (objects, key_dim, stored), V (objects, value_dim, stored), Q (objects or 1, key_dim,
pixels), stored = frames x pixels. State: as STM, one frame a write.

Source: Cheng, Tai, Tang, "Modular Interactive Video Object Segmentation" (MiVOS), CVPR 2021,
arXiv:2103.07941: k = 50 there, 20 in its successors. The network is trained with the full softmax;
so here too k counts in evaluation alone.
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
    attend_top_k,
    attention_cost,
    check_whole,
)
from vosbench.registry import register


@register("stm_topk")
class SpaceTimeTopK(Memory):
    """STM's bank, read through the k best matches.

    Args:
        key_dim: channels of keys and queries.
        value_dim: channels of values and readouts.
        top_k: stored locations that answer a query location.

    Raises:
        ValueError: `top_k` is not a whole number from 1 on.
    """

    growth = Growth.LINEAR
    paper = "Cheng, Tai, Tang, Modular Interactive VOS (MiVOS), CVPR 2021, arXiv:2103.07941"
    policy = WritePolicy(every=5, keep_first=True, include_previous=True)

    def __init__(self, key_dim: int, value_dim: int, top_k: int = 50) -> None:
        super().__init__(key_dim, value_dim)
        check_whole(1, top_k=top_k)
        self.top_k = top_k

    def write(self, state: Bank | None, frame: Frame) -> Bank:
        """Appends key (objects, key_dim, h, w) and value (objects, value_dim, h, w)."""
        return append(state, frame.key, frame.value)

    def read(self, state: Bank, query: Tensor) -> tuple[Tensor, Bank]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        k = None if self.training else self.top_k
        readout = attend_top_k(state, query.flatten(2), k, scale=1 / math.sqrt(self.key_dim))
        return readout.view(*readout.shape[:2], *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """Scores and bytes of state as STM; of the values, k are added up per query location."""
        return attention_cost(t, pixels, objects, self.key_dim, self.value_dim, k=self.top_k)
