"""Random frames for memories, and attention written out in float64 as the papers' formulas say."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vosbench import registry
from vosbench.memory import Frame, KeyScope, Memory

torch.set_num_threads(1)
Array = NDArray[np.float64]
FAMILY = (
    "none", "first", "previous", "first_previous", "window", "stm_topk", "kmn", "stcn", "rmem",
    "xmem_lt", "afb_urr", "swiftnet", "rde",
)  # fmt: skip


def build(name: str, key_dim: int = 4, value_dim: int = 3, **parameters: Any) -> Memory:
    torch.manual_seed(0)
    return registry.build(name, key_dim, value_dim, **parameters).double().eval()


def frames(
    memory: Memory, count: int, grid: tuple[int, int] = (2, 3), objects: int = 2, seed: int = 7
) -> list[Frame]:
    source = torch.Generator().manual_seed(seed)
    keys = 1 if memory.key_scope is KeyScope.SHARED else objects

    def draw(n: int, channels: int) -> Tensor:
        return torch.randn(n, channels, *grid, generator=source, dtype=torch.float64)

    return [
        Frame(
            draw(keys, memory.key_dim), draw(objects, memory.value_dim), draw(objects, 1).sigmoid(),
            t, t == 0,
        )
        for t in range(count)
    ]  # fmt: skip


def query(memory: Memory, grid: tuple[int, int] = (2, 3), seed: int = 8) -> Tensor:
    source = torch.Generator().manual_seed(seed)
    return torch.randn(1, memory.key_dim, *grid, generator=source, dtype=torch.float64)


def write(memory: Memory, items: list[Frame], state: Any = None) -> Any:
    for item in items:
        state = memory.write(state, item)
    return state


def pixels_of(x: Tensor, o: int) -> list[Array]:
    """The vectors of object o at each location, in row-major order; one key serves all objects."""
    flat = x[min(o, len(x) - 1)].flatten(1).T.detach().numpy()
    return [row.astype(np.float64) for row in flat]


def softmax(scores: Array) -> Array:
    """Of one column."""
    weights = np.exp(scores - scores.max())
    total: Array = weights / weights.sum()
    return total


def top(scores: Array, k: int) -> Array:
    """The column with all but its k largest entries sent to minus infinity."""
    kept = np.argsort(-scores, kind="stable")[:k]
    out = np.full_like(scores, -np.inf)
    out[kept] = scores[kept]
    return out


def dot(k: Array, q: Array) -> float:
    return float(k @ q) / len(k) ** 0.5


def distance(k: Array, q: Array) -> float:
    return -float(((k - q) ** 2).sum()) / len(k) ** 0.5


def attention(items: list[Frame], asked: Tensor, score: Any = dot, k: int | None = None) -> Array:
    """Readout (objects, value_dim, h, w) of all frames in `items`, one location at a time."""
    objects, value_dim = items[0].value.shape[:2]
    readout = np.zeros((objects, value_dim, asked.shape[2] * asked.shape[3]))
    for o in range(objects):
        keys = [p for item in items for p in pixels_of(item.key, o)]
        values = [p for item in items for p in pixels_of(item.value, o)]
        for j, q in enumerate(pixels_of(asked, o)):
            column = np.array([score(key, q) for key in keys])
            weights = softmax(column if k is None else top(column, k))
            readout[o, :, j] = sum(w * v for w, v in zip(weights, values, strict=True))
    return readout.reshape(objects, value_dim, *asked.shape[2:])


def close(readout: Tensor, expected: Array) -> bool:
    return np.allclose(readout.detach().numpy(), expected, rtol=1e-9, atol=1e-11)
