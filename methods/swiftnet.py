"""SwiftNet's pixel-adaptive memory: of a new frame only the pixels that are new are kept.

    similarity of a pixel p = max over the bank's pixels i of cos(k_i, k_p)
    kept of the frame       = the 10 % of its pixels that are least similar, per object
    R = V softmax(K^T Q / sqrt(key_dim)),  K = [bank, the last frame whole]

The frame written last is kept whole: its 10 % are chosen when the next one comes, as in the
authors' loop, and the first frame enters the bank whole. So a temporary previous frame takes the
last one's place in the host's branch of the state, and is forgotten with it.

Shapes: K (objects, key_dim, stored), V (objects, value_dim, stored), Q (objects or 1, key_dim,
pixels), stored = 2 pixels + 0.1 pixels (t - 2) after t > 1 writes: growth is linear, at a tenth of
STM's slope.

Unlike the paper: it writes when the frame has changed enough (its published loop: every 5th frame,
as here), its encoder is its own, and it uses small keys and values (32 and 128).

Source: Wang, Jiang, Ren, Hu, Bai, "SwiftNet: Real-time Video Object Segmentation", CVPR 2021,
arXiv:2102.04604.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

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
    check_number,
    pick,
    widen,
    worthiest,
)
from vosbench.registry import register


class Adaptive(NamedTuple):
    """The state."""

    bank: Bank  # the first frame whole, then the least similar pixels of each frame
    key: Tensor  # of the last frame, whole (objects, key_dim, pixels)
    value: Tensor  # (objects, value_dim, pixels)


@register("swiftnet")
class PixelAdaptive(Memory):
    """Attention over the frames' least similar pixels and the last frame.

    Args:
        key_dim: channels of keys and queries.
        value_dim: channels of values and readouts.
        share: part of a frame's pixels that is kept, rounded; at least one pixel.

    Raises:
        ValueError: `share` is not in 0..1.
    """

    growth = Growth.LINEAR
    paper = "Wang et al., SwiftNet: Real-time VOS, CVPR 2021, arXiv:2102.04604"
    policy = WritePolicy(every=5, keep_first=True, include_previous=True)
    no_onnx = MappingProxyType({"write": "a stable sort picks the pixels; torch exports none"})

    def __init__(self, key_dim: int, value_dim: int, share: float = 0.1) -> None:
        super().__init__(key_dim, value_dim)
        check_number(">= 0", "<= 1", share=share)
        self.share = share

    def write(self, state: Adaptive | None, frame: Frame) -> Adaptive:
        """Key (objects, key_dim, h, w), value: kept whole, the frame before it by its share."""
        key, value = frame.key.flatten(2), frame.value.flatten(2)
        if state is None:
            return Adaptive(Bank((), ()), key, value)
        last = state.key, state.value
        if state.bank.keys:
            last = self._least_similar(state)
        bank = Bank((*state.bank.keys, last[0]), (*state.bank.values, last[1]))
        return Adaptive(bank, key, value)

    def _least_similar(self, state: Adaptive) -> tuple[Tensor, Tensor]:
        """Key and value of the last frame's pixels that the bank knows least, in their order."""
        unit, best = normalize(widen(state.key), dim=1), None
        for stored in state.bank.keys:
            cosine = (normalize(widen(stored), dim=1).mT @ unit).amax(1)  # (objects, pixels)
            best = cosine if best is None else torch.maximum(best, cosine)
        assert best is not None  # the bank has a frame
        kept = worthiest(-best, self._kept(best.shape[1]))
        return pick(state.key, kept), pick(state.value, kept)

    def _kept(self, pixels: int) -> int:
        return max(1, round(self.share * int(pixels)))

    def read(self, state: Adaptive, query: Tensor) -> tuple[Tensor, Adaptive]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        readout = attend(
            append(state.bank, state.key, state.value), query.flatten(2),
            scale=1 / math.sqrt(self.key_dim),
        )  # fmt: skip
        return readout.view(*readout.shape[:2], *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """Read: stored as in the docstring above; write: the frame before against the bank."""
        lengths = [pixels] * min(t, 2)
        lengths[1:1] = [self._kept(pixels)] * (t - 2)
        cost = attention_cost(lengths, pixels, objects, self.key_dim, self.value_dim)
        known = pixels + self._kept(pixels) * (t - 3) if t > 2 else 0  # the bank before the write
        return cost._replace(write_macs=objects * known * pixels * self.key_dim)
