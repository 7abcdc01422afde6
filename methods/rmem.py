"""RMem: a bank of few frames; the one that is least relevant, and no longer fresh, has to leave.

    R    = V softmax(K^T Q / sqrt(key_dim))           softmax over all stored locations
    a_f  = attention that frame f drew in the last read, over the object's pixels; sum_f a_f = 1
    r_f <- (1 - 0.8) r_f + 0.8 a_f                    relevance: a moving average (a_f at first)
    u_f  = r_f + 1.5 sqrt(log(sum_f n_f) / (n_f + 8))     n_f: evictions that f has survived, + 1
    evicted: the least u_f among all but the first frame and the new one

The second term is an upper confidence bound (UCB): a frame that was seldom judged gets its chance.
n of the first frame stands for itself as the number of frames. Averages start with the first
eviction. Frames are visited one after the other, and each one's share of the attention is kept.

Shapes: K (objects, key_dim, frames pixels), V (objects, value_dim, ...), Q (objects or 1, key_dim,
pixels). State: at most 1 + frames frames of 4 pixels (key_dim + value_dim + 1) bytes an object,
the 1 being the attention of the last read, and two numbers a frame.

Unlike the paper: it rides on AOT, whose attention is one for all objects and which has a temporal
position embedding, learned; here is STM's attention, and each object keeps frames of its own, so
that none depends on which others there are.

Source: Zhou, Pang, Wang, "RMem: Restricted Memory Banks Improve Video Object Segmentation", CVPR
2024, arXiv:2406.08476.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from vosbench.memory import (
    Bank,
    Cost,
    Frame,
    Growth,
    Memory,
    WritePolicy,
    append,
    check_number,
    check_whole,
    visit,
    visit_numbers,
    widen,
)
from vosbench.registry import register


class Restricted(NamedTuple):
    """The state."""

    bank: Bank
    share: Tensor  # (objects, frames, pixels) of each location's attention in the last read, or 0
    relevance: Tensor  # r (objects, frames)
    judged: Tensor  # (objects, frames) evictions that each frame has survived


@register("rmem")
class RestrictedMemory(Memory):
    """Attention over the first frame and few others, chosen by relevance and freshness.

    Args:
        key_dim: channels of keys and queries.
        value_dim: channels of values and readouts.
        frames: kept beside the first.
        momentum: weight of the newest attention in the relevance, in 0..1.
        exploration: weight of the freshness (UCB).

    Raises:
        ValueError: `frames` below 2, `momentum` outside 0..1 or `exploration` below 0.
    """

    growth = Growth.BOUNDED
    paper = "Zhou, Pang, Wang, RMem: Restricted Memory Banks, CVPR 2024, arXiv:2406.08476"
    policy = WritePolicy(every=5)
    capacity = "frames"

    def __init__(
        self, key_dim: int, value_dim: int, frames: int = 8, momentum: float = 0.8,
        exploration: float = 1.5,
    ) -> None:  # fmt: skip
        super().__init__(key_dim, value_dim)
        check_whole(2, frames=frames)
        check_number(">= 0", "<= 1", momentum=momentum)
        check_number(">= 0", exploration=exploration)
        self.frames, self.momentum, self.exploration = frames, momentum, exploration

    def write(self, state: Restricted | None, frame: Frame) -> Restricted:
        """Appends key (objects, key_dim, h, w), value; above the limit one frame of each leaves."""
        blank = widen(frame.value).detach().new_zeros(len(frame.value), 1)
        if state is None:
            state = Restricted(Bank((), ()), blank, *[blank[:, :0]] * 2)
        bank, _, relevance, judged = state
        if len(bank.keys) > self.frames:
            relevance, judged = self._judge(state, frame.mask)
            out = self._worth(relevance, judged)[:, 1:].argmin(1) + 1  # (objects,)
            bank = Bank(*(_without(x, out) for x in bank))
            marks = (_without(x.unbind(1), out) for x in (relevance, judged))
            relevance, judged = (torch.stack(x, 1) for x in marks)
        bank = append(bank, frame.key, frame.value)
        share = blank.new_zeros(len(frame.value), len(bank.keys), bank.values[-1].shape[2])
        kept = (torch.cat([x, blank], 1) for x in (relevance, judged))
        return Restricted(bank, share, *kept)

    def _judge(self, state: Restricted, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Relevance and number of judgements after the last read has been looked at."""
        drawn = (state.share * mask.flatten(2)).sum(2)  # over the object's pixels
        total = drawn.sum(1, keepdim=True)
        fresh = drawn / total.clamp_min(torch.finfo(total.dtype).tiny)  # a_f
        mean = state.relevance.lerp(fresh, self.momentum)
        after = torch.where(state.judged == 0, fresh, mean)
        return torch.where(total > 0, after, state.relevance), state.judged + 1  # unread: as it was

    def _worth(self, relevance: Tensor, judged: Tensor) -> Tensor:
        first = torch.full_like(judged[:, :1], judged.shape[1])
        times = torch.cat([first, judged[:, 1:]], 1)  # n_f
        bound = (times.sum(1, keepdim=True).log() / (times + 8)).sqrt()
        return relevance + self.exploration * bound  # u_f

    def read(self, state: Restricted, query: Tensor) -> tuple[Tensor, Restricted]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        asked = widen(query).flatten(2) / math.sqrt(self.key_dim)
        past, masses = None, []
        for key, value in zip(*state.bank, strict=True):
            past, mass = visit(past, widen(key).mT @ asked, widen(value))
            masses.append(mass.detach())
        assert past is not None  # a bank has a frame
        share = torch.cat(masses, 1).softmax(1)  # (objects, frames, pixels)
        readout = past.readout.to(state.bank.values[0].dtype)
        readout = readout.view(*readout.shape[:2], *query.shape[2:])
        return readout, state._replace(share=share)

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """Read: as STM with at most 1 + frames frames; the write multiplies nothing."""
        frames, line = min(t, 1 + self.frames), objects * pixels
        wide, readout = self.key_dim + self.value_dim, line * self.value_dim
        visiting = visit_numbers(pixels, objects, self.value_dim, first=frames == 1)
        visiting += (frames - 1) * line if frames > 2 else 0  # L of each frame before
        ending = readout + (3 * frames + (1 if frames > 1 else 0)) * line
        peak = pixels * self.key_dim + max(visiting, ending)
        return Cost(
            read_macs=frames * line * pixels * wide,
            write_macs=0,
            state_bytes=4 * frames * (line * (wide + 1) + 2 * objects),
            temporary_bytes=4 * (peak - readout - frames * line),
        )


def _without(frames: tuple[Tensor, ...], out: Tensor) -> tuple[Tensor, ...]:
    """Frames (objects, ...) less one of each object: those after it move up by one."""
    shape = (-1, *[1] * (frames[0].ndim - 1))
    return tuple(
        torch.where((i < out).view(shape), one, following)
        for i, (one, following) in enumerate(pairwise(frames))
    )
