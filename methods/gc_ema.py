"""GC with an exponential moving average: old frames fade instead of counting the same for ever.

    C_t = k(X_t)^T v(X_t)                      (GC's eq. 1, unchanged)
    G_t = (1 - a) G_{t-1} + a C_t, G_1 = C_1   (in place of the mean of eq. 2)
    R_t = q(X_t) G_t                           (GC's eq. 3, unchanged)

With a = 1 the memory is the last frame's context; a frame seen s frames ago weighs a (1 - a)^s, so
the memory spans about 1 / a frames. Starting at C_1, not at 0, keeps the weights' sum at 1. Trained
keys and values of GC serve as they are.

Shapes: key (objects, key_dim, h, w), value (objects, value_dim, h, w), G (objects, key_dim,
value_dim). Units: multiply-adds and float32 bytes.

Source: Li, Shen, Shan, "Fast Video Object Segmentation using the Global Context Module",
ECCV 2020, arXiv:2001.11243. The moving average is a variant of ours, not the paper's.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from vosbench.memory import Cost, Frame, Growth, Memory, WritePolicy, check_number
from vosbench.registry import register


class Context(NamedTuple):
    """The state: one matrix per object."""

    context: Tensor  # G (objects, key_dim, value_dim)


@register("gc_ema")
class MovingContext(Memory):
    """Moving average of the frames' global contexts.

    Args:
        key_dim: channels of keys and queries.
        value_dim: channels of values and readouts.
        rate: a, the weight of the newest frame, in (0, 1].

    Raises:
        ValueError: the rate is outside (0, 1].
    """

    growth = Growth.CONSTANT
    paper = (
        "a moving average in: Li, Shen, Shan, Fast VOS using the Global Context Module, "
        "arXiv:2001.11243"
    )
    policy = WritePolicy(every=1)

    def __init__(self, key_dim: int, value_dim: int, *, rate: float = 0.1) -> None:
        super().__init__(key_dim, value_dim)
        check_number("> 0", "<= 1", rate=rate)
        self.rate = rate

    def write(self, state: Context | None, frame: Frame) -> Context:
        """Key (objects, key_dim, h, w), value (objects, value_dim, h, w)."""
        context = frame.key.flatten(2) @ frame.value.flatten(2).mT  # C_t = k(X_t)^T v(X_t)
        if state is None:
            return Context(context)
        return Context(torch.lerp(state.context, context, self.rate))  # (1 - a) G + a C

    def read(self, state: Context, query: Tensor) -> tuple[Tensor, Context]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        readout = state.context.mT @ query.flatten(2)  # R_t = q(X_t) G_t, transposed
        return readout.view(*readout.shape[:2], *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """As GC: both products are objects x pixels x key_dim x value_dim at any t."""
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
