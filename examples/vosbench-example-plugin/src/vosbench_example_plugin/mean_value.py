"""One vector per object: the mean of its values, weighted by its mask, over every frame written.

    S_t = S_t-1 + sum_i m_i v_i        (value_dim)
    M_t = M_t-1 + sum_i m_i            (1)
    R_j = S_t / (M_t + 1e-6)           the same at every query location j

m_i is the object's soft mask at location i of the written frame, v_i its value. There is no key:
what is where is left to the decoder, which also sees the query frame.

Shapes: m (objects, 1, h, w), v (objects, value_dim, h, w); S (objects, value_dim), M (objects, 1);
R (objects, value_dim, h, w). State: 4 objects (value_dim + 1) bytes at any t. Multiply-adds per
object: a write has pixels * value_dim, a read none.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from vosbench.memory import Cost, Frame, Growth, Memory, WritePolicy
from vosbench.registry import register


class Sums(NamedTuple):
    """What is kept: two sums over all locations of all frames written."""

    values: Tensor  # S (objects, value_dim)
    masks: Tensor  # M (objects, 1)


@register("mean_value")
class MeanValue(Memory):
    """The mask-weighted mean of values."""

    growth = Growth.CONSTANT
    paper = "none: an example of a plugin"
    policy = WritePolicy(every=1)

    def write(self, state: Sums | None, frame: Frame) -> Sums:
        """Adds the frame to both sums; the old state is left as it was."""
        mask = frame.mask.flatten(2)  # (objects, 1, pixels)
        values = (frame.value.flatten(2) @ mask.transpose(1, 2)).squeeze(2)
        masks = mask.sum(2)
        if state is None:
            return Sums(values, masks)
        return Sums(state.values + values, state.masks + masks)

    def read(self, state: Sums, query: Tensor) -> tuple[Tensor, Sums]:
        """Query (objects or 1, key_dim, h, w) -> the mean at each location, a view."""
        mean = state.values / (state.masks + 1e-6)
        return mean[:, :, None, None].expand(-1, -1, *query.shape[-2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """The same at any t; beside the readout, a read makes one divisor per object."""
        return Cost(
            read_macs=0,
            write_macs=objects * pixels * self.value_dim,
            state_bytes=4 * objects * (self.value_dim + 1),
            temporary_bytes=4 * objects,
        )
