"""Frames, states and loops shared by the tests of the linear methods."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vosbench import registry
from vosbench.memory import Frame, Memory

LINEAR = ("delta", "efficient_attention", "gc_ema", "livos", "lowrank", "ssm")
GRID = (3, 4)


def build(name: str, key_dim: int = 4, value_dim: int = 6, **given: Any) -> Memory:
    """A method in float64 with its start values."""
    return registry.build(name, key_dim, value_dim, **given).double().eval()


def stir(memory: Memory) -> Memory:
    """Moves the method's own parameters away from their neutral start, always the same way."""
    source = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for p in memory.parameters():
            p += 0.7 * torch.randn(p.shape, generator=source, dtype=torch.float64)
    return memory


def clip(
    memory: Memory, count: int, objects: int = 2, grid: tuple[int, int] = GRID, seed: int = 5
) -> list[Frame]:
    """Random frames, float64."""
    source = torch.Generator().manual_seed(seed)

    def draw(channels: int) -> Tensor:
        return torch.randn(objects, channels, *grid, generator=source, dtype=torch.float64)

    return [
        Frame(draw(memory.key_dim), draw(memory.value_dim), draw(1).sigmoid(), t, t == 0)
        for t in range(count)
    ]


def ask(memory: Memory, objects: int = 1, grid: tuple[int, int] = GRID) -> Tensor:
    """A random query, float64."""
    source = torch.Generator().manual_seed(6)
    return torch.randn(objects, memory.key_dim, *grid, generator=source, dtype=torch.float64)


def frame(key: Any, value: Any) -> Frame:
    """A frame of one object and one row of locations: rows of numbers, one per channel."""
    k, v = (torch.tensor(x, dtype=torch.float64)[None, :, None] for x in (key, value))
    return Frame(k, v, torch.ones(1, 1, 1, k.shape[-1], dtype=torch.float64), 0, False)


def row(numbers: Any) -> Tensor:
    """A query (1, channels, 1, locations) from rows of numbers."""
    return torch.tensor(numbers, dtype=torch.float64)[None, :, None]


def written(memory: Memory, items: list[Frame]) -> Any:
    """The state after all items."""
    state = None
    for item in items:
        state = memory.write(state, item)
    return state


def recall(memory: Memory, items: list[Frame], query: Tensor) -> Tensor:
    """The readout after all items."""
    return memory.read(written(memory, items), query)[0]


def converted(items: list[Frame], kind: torch.dtype) -> list[Frame]:
    """The same frames in another precision."""
    return [
        f._replace(key=f.key.to(kind), value=f.value.to(kind), mask=f.mask.to(kind)) for f in items
    ]


def columns(x: Tensor) -> list[list[float]]:
    """Locations of a (channels, h, w) tensor as lists of channel values."""
    return x.flatten(1).T.tolist()  # type: ignore[no-any-return]
