"""LiVOS: gated linear matching, whose normaliser fades with the state.

    phi(x) = softmax of x over channels
    g_t = mean over space of sigmoid(conv(K_t))                  gate, one number per key channel
    S_t = diag(g_t) S_{t-1} + phi(K_t) V_t^T                     state, S_1 = phi(K_1) V_1^T
    z_t = diag(g_t) z_{t-1} + sum over space of phi(K_t)         normaliser
    R   = S_t^T phi(Q) / (z_t . phi(Q))                          readout, per location

What is kept is M = S / z, row by row, and z / pixels: row k of M is a weighted mean of the values
that key channel k has seen. Then, with the factors of the fraction drawn into one softmax,

    R = M^T softmax_channels(Q + log z)

which is the same number without a sum over space that overflows or a quotient of two numbers
near 0. A readout never leaves the range of the stored values (and 0, the row of a channel that has
seen nothing), at any t and for any gate.

Shapes: key (objects, key_dim, h, w), value (objects, value_dim, h, w), M (objects, key_dim,
value_dim), z (objects, key_dim). Units: multiply-adds and float32 bytes.

Differs from the authors: their code gates the value channels, by the image's features, and divides
by one number per image that is *not* gated, so readouts fade while the divisor grows. Here the gate
acts on key channels, by the object's own key, and on the normaliser alike. Their sensory memory,
object memory and merging at stride 4 belong to the host, which has one of its own for all methods.
The gate starts at `keep` everywhere and learns from there.

Source: Liu, Wang, Yang, Li, Lin, Niethammer, Wang, "LiVOS: Light Video Object Segmentation with
Gated Linear Matching", CVPR 2025, arXiv:2411.02818.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vosbench.memory import Cost, Frame, Growth, Memory, WritePolicy, check_number
from vosbench.registry import register

SMALLEST = 1e-6  # floor of z / pixels; float16 can still hold it


class Match(NamedTuple):
    """The state: per key channel the mean of what it saw and how much that was."""

    mean: Tensor  # M = S / z (objects, key_dim, value_dim)
    weight: Tensor  # z / pixels (objects, key_dim)

    def bias(self) -> Tensor:
        """Logarithm of z (objects, key_dim, 1), up to a constant that the softmax ignores."""
        return self.weight.clamp_min(SMALLEST).log().unsqueeze(2)


@register("livos")
class GatedLinearMatching(Memory):
    """Linear attention with a learned forget gate.

    Args:
        key_dim: channels of keys and queries.
        value_dim: channels of values and readouts.
        keep: the gate's value before training, in (0, 1).

    Raises:
        ValueError: `keep` is outside (0, 1).
    """

    growth = Growth.CONSTANT
    paper = (
        "Liu, Wang, Yang, Li, Lin, Niethammer, Wang, LiVOS: Light VOS with Gated Linear Matching, "
        "CVPR 2025, arXiv:2411.02818"
    )
    policy = WritePolicy(every=1)

    def __init__(self, key_dim: int, value_dim: int, *, keep: float = 0.9) -> None:
        super().__init__(key_dim, value_dim)
        check_number("> 0", "< 1", keep=keep)
        self.keep = keep
        self.gate = nn.Conv2d(key_dim, key_dim, 1)
        nn.init.zeros_(self.gate.weight)
        nn.init.constant_(self.gate.bias, math.log(keep / (1 - keep)))  # type: ignore[arg-type]

    def write(self, state: Match | None, frame: Frame) -> Match:
        """Key (objects, key_dim, h, w), value (objects, value_dim, h, w)."""
        maps = frame.key.flatten(2).softmax(dim=1)  # phi(K)
        total = maps.sum(dim=2, keepdim=True).clamp_min(SMALLEST)
        mean = (maps / total) @ frame.value.flatten(2).mT  # phi(K) V^T / sum of phi(K)
        new = maps.mean(dim=2)
        if state is None:
            return Match(mean, new)
        gate = self.gate(frame.key).sigmoid().mean(dim=(2, 3))  # g_t
        weight = gate * state.weight + new  # z_t
        share = (new / weight.clamp_min(SMALLEST)).unsqueeze(2)
        return Match(torch.lerp(state.mean, mean, share), weight)  # (g z M + z' M') / z_t

    def read(self, state: Match, query: Tensor) -> tuple[Tensor, Match]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        readout = state.mean.mT @ (query.flatten(2) + state.bias()).softmax(dim=1)
        return readout.view(*readout.shape[:2], *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """As GC, and the gate, which is not asked on the first frame."""
        macs = objects * pixels * self.key_dim * self.value_dim
        gate = objects * pixels * self.key_dim**2 if t > 1 else 0
        spare = max(0, self.key_dim - self.value_dim)  # logits and softmax, then the readout
        return Cost(
            read_macs=macs,
            write_macs=macs + gate,
            state_bytes=4 * objects * self.key_dim * (self.value_dim + 1),
            temporary_bytes=4 * objects * pixels * (self.key_dim + spare),
        )
