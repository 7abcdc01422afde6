"""STM: the space-time memory, which stores every frame it is given and is read by attention.

    S = K^T Q / sqrt(key_dim)     affinity of every stored location with every query location
    A = softmax of S over the stored locations of all frames
    R = V A

The bank grows by one frame per write. Its host keeps every 5th frame, the first one, and lets each
read also see the previous frame (`policy`), as the authors do.

Source: Oh, Lee, Xu, Kim, "Video Object Segmentation using Space-Time Memory Networks", ICCV 2019,
arXiv:1904.00607.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from vosbench.memory import Cost, Frame, Growth, Memory, WritePolicy
from vosbench.registry import register


class Bank(NamedTuple):
    """The state: all stored locations in the order in which they were written."""

    key: Tensor  # K (objects, key_dim, stored)
    value: Tensor  # V (objects, value_dim, stored)


@register("stm")
class SpaceTime(Memory):
    """Every stored location of every stored frame answers every query location."""

    growth = Growth.LINEAR
    paper = "Oh, Lee, Xu, Kim, VOS using Space-Time Memory Networks, ICCV 2019, arXiv:1904.00607"
    policy = WritePolicy(every=5, keep_first=True, include_previous=True)

    def write(self, state: Bank | None, frame: Frame) -> Bank:
        """Appends key (objects, key_dim, h, w) and value (objects, value_dim, h, w)."""
        key, value = frame.key.flatten(2), frame.value.flatten(2)
        if state is None:
            return Bank(key, value)
        return Bank(torch.cat([state.key, key], 2), torch.cat([state.value, value], 2))

    def read(self, state: Bank, query: Tensor) -> tuple[Tensor, Bank]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        affinity = state.key.mT @ (query.flatten(2) / math.sqrt(self.key_dim))  # S
        readout = state.value @ affinity.softmax(dim=1)  # R = V softmax(S)
        return readout.view(*readout.shape[:2], *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """Read: objects x stored x pixels x (key_dim + value_dim); two affinities at once."""
        stored = t * pixels
        return Cost(
            read_macs=objects * stored * pixels * (self.key_dim + self.value_dim),
            write_macs=0,
            state_bytes=4 * objects * stored * (self.key_dim + self.value_dim),
            temporary_bytes=4 * objects * 2 * stored * pixels,
        )
