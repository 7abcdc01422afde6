"""KMN: STM's read, with a Gaussian that keeps each stored location near its own best match.

    S_pq = k_p^T q_q / sqrt(key_dim)                    score of stored p with query location q
    m(p) = the grid position of argmax_q S_pq           where p finds its best match
    g_pq = exp(-|position(q) - m(p)|^2 / (2 sigma^2))   the kernel
    R_q  = sum_p exp(S_pq) g_pq v_p / sum_p exp(S_pq) g_pq

The kernel's logarithm is added to the scores, so nothing overflows and nothing divides by zero far
from every match. Frames are visited one after the other.

Shapes: K (objects, key_dim, stored), V (objects, value_dim, stored), Q (objects or 1, key_dim,
pixels), stored = frames x pixels; sigma in stride-16 pixels. MACs and state: as STM.

As in the paper the kernel is not learned; its Hide-and-Seek training is no part of the memory.

Source: Seong, Hyun, Kim, "Kernelized Memory Network for Video Object Segmentation", ECCV 2020,
arXiv:2007.08270.
"""

from __future__ import annotations

import math

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
    visit,
    visit_numbers,
    widen,
)
from vosbench.registry import register


@register("kmn")
class KernelizedMemory(Memory):
    """STM with a Gaussian kernel around each stored location's best match.

    Args:
        key_dim: channels of keys and queries.
        value_dim: channels of values and readouts.
        sigma: the kernel's standard deviation in stride-16 pixels.

    Raises:
        ValueError: `sigma` is not above zero.
    """

    growth = Growth.LINEAR
    paper = "Seong, Hyun, Kim, Kernelized Memory Network for VOS, ECCV 2020, arXiv:2007.08270"
    policy = WritePolicy(every=5, keep_first=True, include_previous=True)

    def __init__(self, key_dim: int, value_dim: int, sigma: float = 7.0) -> None:
        super().__init__(key_dim, value_dim)
        check_number("> 0", sigma=sigma)
        self.sigma = sigma

    def write(self, state: Bank | None, frame: Frame) -> Bank:
        """Appends key (objects, key_dim, h, w) and value (objects, value_dim, h, w)."""
        return append(state, frame.key, frame.value)

    def read(self, state: Bank, query: Tensor) -> tuple[Tensor, Bank]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        asked = widen(query).flatten(2) / math.sqrt(self.key_dim)
        apart = _squared_distances(query) / (2 * self.sigma**2)  # (pixels, pixels)
        past = None
        for key, value in zip(*state, strict=True):
            past = visit(past, _score(widen(key), asked, apart), widen(value))[0]
        assert past is not None  # a bank has a frame
        readout = past.readout.to(state.values[0].dtype)
        return readout.view(*readout.shape[:2], *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """Read: objects x stored x pixels x (key_dim + value_dim), as STM; the kernel adds none.

        At once: one frame's scores and their kernel, the kernel's table, the readout so far.
        """
        stored, line = t * pixels, objects * pixels
        readout = line * self.value_dim
        scoring = 2 * line * (pixels + 1) + (readout + line if t > 1 else 0)
        visiting = visit_numbers(pixels, objects, self.value_dim, first=t == 1)
        table = pixels * (3 * pixels + 4)  # while it is made
        peak = pixels * self.key_dim + max(table, pixels**2 + max(scoring, visiting))
        return Cost(
            read_macs=objects * stored * pixels * (self.key_dim + self.value_dim),
            write_macs=0,
            state_bytes=4 * objects * stored * (self.key_dim + self.value_dim),
            temporary_bytes=4 * (peak - readout),
        )


def _score(key: Tensor, asked: Tensor, apart: Tensor) -> Tensor:
    """S and log g of one frame: (objects, pixels, pixels)."""
    score = key.mT @ asked
    score -= apart[score.argmax(2)]  # each stored location's row of the kernel
    return score


def _squared_distances(query: Tensor) -> Tensor:
    """Between all places of the query's grid: (pixels, pixels), pixels in row-major order."""
    h, w = query.shape[2:]
    place = torch.arange(h * w, device=query.device)
    rows, columns = (x.to(widen(query).dtype) for x in (place // w, place % w))
    return (rows[:, None] - rows) ** 2 + (columns[:, None] - columns) ** 2
