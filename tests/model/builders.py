"""Tiny videos and the two mini networks, built once."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from vosbench.model.network import Network

torch.set_num_threads(1)
SIZE = (32, 48)
Image = NDArray[np.uint8]


@cache
def network(method: str = "gc", seed: int = 0) -> Network:
    """The mini network with random weights; shared, so never change it."""
    return Network.build(method, "mini", seed=seed)


def frame(t: int = 0, size: tuple[int, int] = SIZE) -> Image:
    return np.random.default_rng(t).integers(0, 256, (*size, 3), dtype=np.uint8)


def mask(*ids: int, size: tuple[int, int] = SIZE) -> Image:
    """Ids in vertical stripes of 8 pixels, background to their right."""
    ids_of = np.zeros(size, np.uint8)
    for n, i in enumerate(ids):
        ids_of[4:, 8 * n : 8 * n + 8] = i
    return ids_of
