"""Softmax attention some query locations at a time, for a memory that keeps count of its use.

    S = K^T Q                          score of every stored location with every query location
    A = softmax of S over the stored locations, or of the k largest of each query location alone
    R = V A;   used = sum of A over the query locations, or number of those that A says use it

`attend` forgets a weight as soon as it has been used, so nobody could count. Here the weights of
256 query locations stand at once: the affinity of a whole frame never exists.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from vosbench.memory.bank import widen

PART = 256  # query locations


def parts(x: Tensor) -> Iterator[Tensor]:
    """Views (..., at most 256) of x (..., pixels), one after the other."""
    return (x[..., a : a + PART] for a in range(0, int(x.shape[-1]), PART))


def attend_by_part(
    key: Tensor, value: Tensor, asked: Tensor, readout: Tensor, used: Tensor,
    *, k: int | None = None, hit: float | None = None,
) -> None:  # fmt: skip
    """Writes R into `readout` and adds to `used` how much each stored location was used.

    Half precision is scored and summed in float32.

    Args:
        key: K (..., key_dim, stored).
        value: V (..., value_dim, stored).
        asked: Q (..., key_dim, pixels), scaled, float32 or wider.
        readout: (..., value_dim, pixels), of the same type.
        used: (..., stored).
        k: stored locations that answer a query location; None for all.
        hit: use is the number of query locations with a weight above; None: the sum of weights.
    """
    for part, out in zip(parts(asked), parts(readout), strict=True):
        weight = softmax_top_k(widen(key).mT @ part, k)
        out[:] = widen(value) @ weight
        used += (weight.detach() if hit is None else weight > hit).sum(-1)
        del weight  # before the next one is made


def softmax_top_k(score: Tensor, k: int | None) -> Tensor:
    """A (..., stored, pixels): softmax of each column's k largest scores, zero elsewhere."""
    if k is None:
        return score.softmax(-2)
    best = score.topk(min(k, score.shape[-2]), -2)
    return torch.zeros_like(score).scatter_(-2, best.indices, best.values.softmax(-2))


def part_numbers(stored: int, pixels: int, width: int, k: int | None = None) -> int:
    """Numbers alive at once in a part beside its inputs, of one object, or of all that share A.

    Scores and weights, and the k best with their places, 8 bytes each, before and after the
    softmax; or weights and a part's readout of `width` = objects value_dim channels.
    """
    best = 0 if k is None else 4 * min(k, stored)
    return min(PART, pixels) * max(2 * stored + best, stored + width)
