"""STCN: one key per frame for all objects, compared by distance, read through the k best matches.

    S_ij = -|k_i - q_j|^2 / sqrt(key_dim)  =  (2 k_i^T q_j - |k_i|^2 - |q_j|^2) / sqrt(key_dim)
    A    = softmax of the top k entries of each column of S, zero elsewhere
    R    = V A

|q_j|^2 is the same for a whole column, so the softmax does not see it and it is left out: what
remains is attention with the doubled scale and a bias of -|k_i|^2 / sqrt(key_dim) per location.
Frame and memory share one key encoder, so S is worked out once for all objects. In training the
softmax runs over everything.

Shapes: K (1, key_dim, stored), V (objects, value_dim, stored), Q (1, key_dim, pixels), stored =
frames x pixels. Read: pixels (stored key_dim + k objects value_dim) multiply-adds. State: 4 stored
(key_dim + objects value_dim) bytes.

Unlike the paper: its values come from a light encoder that is fused with the frame's features; that
is the host's affair and the same for all methods here.

Source: Cheng, Tai, Tang, "Rethinking Space-Time Networks with Improved Memory Coverage for
Efficient Video Object Segmentation", NeurIPS 2021, arXiv:2106.05210.
"""

from __future__ import annotations

import math

from torch import Tensor

from vosbench.memory import (
    Bank,
    Cost,
    Frame,
    Growth,
    KeyScope,
    Memory,
    WritePolicy,
    append,
    attend_top_k,
    attention_cost,
    check_whole,
    widen,
)
from vosbench.registry import register


@register("stcn")
class Correspondence(Memory):
    """L2 similarity with keys that all objects share.

    Args:
        key_dim: channels of keys and queries (64 in the paper).
        value_dim: channels of values and readouts.
        top_k: stored locations that answer a query location in evaluation; None for all.

    Raises:
        ValueError: `top_k` is neither None nor a whole number from 1 on.
    """

    growth = Growth.LINEAR
    key_scope = KeyScope.SHARED
    paper = "Cheng, Tai, Tang, Rethinking Space-Time Networks, NeurIPS 2021, arXiv:2106.05210"
    policy = WritePolicy(every=5)  # no previous frame: better without it, says the paper

    def __init__(self, key_dim: int, value_dim: int, top_k: int | None = 20) -> None:
        super().__init__(key_dim, value_dim)
        if top_k is not None:
            check_whole(1, top_k=top_k)
        self.top_k = top_k

    def write(self, state: Bank | None, frame: Frame) -> Bank:
        """Appends key (1, key_dim, h, w) and value (objects, value_dim, h, w)."""
        return append(state, frame.key, frame.value)

    def read(self, state: Bank, query: Tensor) -> tuple[Tensor, Bank]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        k, root = None if self.training else self.top_k, math.sqrt(self.key_dim)
        bias = tuple(widen(key).square().sum(1) / -root for key in state.keys)  # -|k_i|^2 / root
        readout = attend_top_k(state, query.flatten(2), k, scale=2 / root, bias=bias)
        return readout.view(*readout.shape[:2], *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """Keys and scores once for all objects; the bias is one number per stored location."""
        cost = attention_cost(
            t, pixels, objects, self.key_dim, self.value_dim, shared=True, k=self.top_k
        )
        return cost._replace(temporary_bytes=cost.temporary_bytes + 4 * t * pixels)
