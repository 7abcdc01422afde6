"""GC: the global-context memory, of fixed size.

    C_t = k(X_t)^T v(X_t)                       (eq. 1: extraction)
    G_t = (t-1)/t G_{t-1} + 1/t C_t, G_0 = 0    (eq. 2: update; every frame counts the same)
    R_t = q(X_t) G_t                            (eq. 3: distribution)

There is no softmax anywhere: GC is STM's read with the softmax taken away and the sum over time
replaced by a mean. Each row of G is a global context vector; each key channel is an unnormalised
weighting over all locations, so the readout grows with their number (see `Memory.gain`).

Source: Li, Shen, Shan, "Fast Video Object Segmentation using the Global Context Module",
ECCV 2020, arXiv:2001.11243.
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


@register("gc")
class GlobalContext(Memory):
    """Mean over time of the frames' global contexts: constant state, linear-time read."""

    growth = Growth.CONSTANT
    paper = "Li, Shen, Shan, Fast VOS using the Global Context Module, arXiv:2001.11243"
    policy = WritePolicy(every=1)

    def write(self, state: Context | None, frame: Frame) -> Context:
        """Eq. 1 and 2. Key (objects, key_dim, h, w), value (objects, value_dim, h, w)."""
        key, value = frame.key.flatten(2), frame.value.flatten(2).mT  # k(X_t)^T, v(X_t)
        if state is None:
            return Context(torch.bmm(key, value), 1)  # G_1 = C_1
        t = state.frames + 1  # G_t = (t-1)/t G_{t-1} + 1/t k(X_t)^T v(X_t), in one pass
        context = torch.baddbmm(state.context, key, value, beta=(t - 1) / t, alpha=1 / t)
        return Context(context, t)

    def read(self, state: Context, query: Tensor) -> tuple[Tensor, Context]:
        """Eq. 3. Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        readout = (query.flatten(2).mT @ state.context).mT  # R_t = q(X_t) G_t
        return readout.view(*readout.shape[:2], *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """Both products are objects x pixels x key_dim x value_dim at any t."""
        macs = objects * pixels * self.key_dim * self.value_dim
        return Cost(
            read_macs=macs,
            write_macs=macs,
            state_bytes=4 * objects * self.key_dim * self.value_dim,
            temporary_bytes=0,
        )

    def gain(self, pixels: int) -> float:
        """C sums over all locations."""
        return float(pixels)
