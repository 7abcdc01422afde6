"""A selective state space: what a frame writes, and how fast old frames fade, depend on its key.

    D_t  = softplus(conv(K_t))                     time step, per location and value channel
    d_t  = mean over space of D_t                  time that the frame takes, per value channel
    a_t  = exp(-A d_t), A = exp(a learned matrix)  decay, diagonal: one per key and value channel
    C_t  = mean over space of K_t (V_t D_t / d_t)^T
    S_t  = a_t S_{t-1} + (1 - a_t) C_t, S_1 = C_1
    R    = S_t^T Q

It is Mamba's recurrence with its parts named as an attention's: the input x is V, its B is K, its C
is Q. Every step mixes old state and new context with weights that sum to 1, so no entry of S leaves
the range of the contexts that were written. At the start conv and the learned matrix are zero: then
D is the same everywhere and the memory is gc_ema's with a = `rate`, divided by the pixels.

Shapes: key (objects, key_dim, h, w), value (objects, value_dim, h, w), S, A, a (objects or 1,
key_dim, value_dim), d (objects, value_dim). Units: multiply-adds and float32 bytes. S is a mean
over space, so a readout does not grow with the resolution.

Differs from the paper: a frame is one step, for its locations have no order (Mamba scans token by
token); the input is scaled by the exact integral 1 - exp(-A d), A's own size left to the
projections (Mamba: the first-order D); D comes from the key, not through a low rank from the input;
the first frame starts the state, which is then not pulled towards 0. Mamba's short convolution,
skip and output gate belong to the host.

Source: Gu, Dao, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces", COLM 2024,
arXiv:2312.00752.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from vosbench.memory import Cost, Frame, Growth, Memory, WritePolicy, check_number
from vosbench.registry import register

SMALLEST = 1e-6  # a frame that takes less time than this writes nothing; float16 can still hold it


class Selective(NamedTuple):
    """The state: one matrix per object."""

    context: Tensor  # S (objects, key_dim, value_dim)


@register("ssm")
class SelectiveStateSpace(Memory):
    """Diagonal state space with a time step that the frame chooses.

    Args:
        key_dim: channels of keys and queries.
        value_dim: channels of values and readouts.
        rate: the weight of the newest frame before training, in (0, 1).

    Raises:
        ValueError: the rate is outside (0, 1).
    """

    growth = Growth.CONSTANT
    paper = (
        "Gu, Dao, Mamba: Linear-Time Sequence Modeling with Selective State Spaces, "
        "COLM 2024, arXiv:2312.00752"
    )
    policy = WritePolicy(every=1)

    def __init__(self, key_dim: int, value_dim: int, *, rate: float = 0.1) -> None:
        super().__init__(key_dim, value_dim)
        check_number("> 0", "< 1", rate=rate)
        self.rate = rate
        self.log_speed = nn.Parameter(torch.zeros(key_dim, value_dim))  # log A
        self.time = nn.Conv2d(key_dim, value_dim, 1)
        step = -math.log1p(-rate)  # exp(-step) = 1 - rate
        nn.init.zeros_(self.time.weight)
        nn.init.constant_(self.time.bias, math.log(math.expm1(step)))  # type: ignore[arg-type]

    def write(self, state: Selective | None, frame: Frame) -> Selective:
        """Key (objects, key_dim, h, w), value (objects, value_dim, h, w)."""
        root = math.sqrt(frame.key.shape[2] * frame.key.shape[3])  # one per factor: no overflow
        steps = softplus(self.time(frame.key)).flatten(2)  # D
        taken = steps.mean(dim=2, keepdim=True)  # d
        value = frame.value.flatten(2) * (steps / taken.clamp_min(SMALLEST))
        context = (frame.key.flatten(2) / root) @ (value / root).mT  # C
        if state is None:
            return Selective(context)
        fresh = -torch.expm1(-self.log_speed.exp() * taken.mT)  # 1 - exp(-A d)
        return Selective(torch.lerp(state.context, context, fresh))

    def read(self, state: Selective, query: Tensor) -> tuple[Tensor, Selective]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        readout = state.context.mT @ query.flatten(2)  # R = S^T Q
        return readout.view(*readout.shape[:2], *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """As GC; the time step costs a write as much again."""
        macs = objects * pixels * self.key_dim * self.value_dim
        return Cost(
            read_macs=macs,
            write_macs=2 * macs,
            state_bytes=4 * objects * self.key_dim * self.value_dim,
            temporary_bytes=0,
        )
