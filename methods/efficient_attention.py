"""Efficient attention: linear attention whose two softmaxes are taken apart, kept over time as GC.

    C_t = softmax_space(K_t) V_t^T              each key channel is a map over all locations: its
                                                row of C is a weighted mean of the values
    G_t = (t-1)/t G_{t-1} + 1/t C_t, G_0 = 0    every frame counts the same
    R   = G^T softmax_channels(Q)               each location mixes the rows of G

GC is the same without the two softmaxes. Both are weighted means, so a readout never leaves the
range of the stored values and does not grow with the resolution.

Shapes: key (objects, key_dim, h, w), value (objects, value_dim, h, w), G (objects, key_dim,
value_dim). Units: multiply-adds and float32 bytes.

Differs from the paper: one head; the paper attends within one image, here the frames' contexts
are averaged over time as in GC (arXiv:2001.11243, eq. 2); projections, residual and
reprojection belong to the host.

Source: Shen, Zhang, Zhao, Yi, Li, "Efficient Attention: Attention with Linear Complexities",
WACV 2021, arXiv:1812.01243.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from vosbench.memory import Cost, Frame, Growth, Memory, WritePolicy
from vosbench.registry import register


class Context(NamedTuple):
    """The state: one matrix per object and the number of frames in it."""

    context: Tensor  # G (objects, key_dim, value_dim)
    frames: int  # t


@register("efficient_attention")
class EfficientAttention(Memory):
    """Global contexts that are weighted means, read by a softmax over channels."""

    growth = Growth.CONSTANT
    paper = (
        "Shen, Zhang, Zhao, Yi, Li, Efficient Attention: Attention with Linear Complexities, "
        "WACV 2021, arXiv:1812.01243"
    )
    policy = WritePolicy(every=1)

    def write(self, state: Context | None, frame: Frame) -> Context:
        """Key (objects, key_dim, h, w), value (objects, value_dim, h, w)."""
        maps = frame.key.flatten(2).softmax(dim=2)  # over space
        context = maps @ frame.value.flatten(2).mT  # C_t
        if state is None:
            return Context(context, 1)
        t = state.frames + 1
        return Context(torch.lerp(state.context, context, 1 / t), t)  # (t-1)/t G + 1/t C

    def read(self, state: Context, query: Tensor) -> tuple[Tensor, Context]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        readout = state.context.mT @ query.flatten(2).softmax(dim=1)  # over channels
        return readout.view(*readout.shape[:2], *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """As GC, and the softmax of a query that all objects share."""
        macs = objects * pixels * self.key_dim * self.value_dim
        return Cost(
            read_macs=macs,
            write_macs=macs,
            state_bytes=4 * objects * self.key_dim * self.value_dim,
            temporary_bytes=4 * pixels * self.key_dim,
        )
