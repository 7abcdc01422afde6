"""What checks are run on: a small module of a method, random frames, and what it makes of them.

Shapes: objects = OBJECTS unless said, key_dim = KEY, value_dim = VALUE, h, w = GRID.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vosbench import registry
from vosbench.memory import Frame, KeyScope, Memory

OBJECTS, KEY, VALUE, GRID = 3, 8, 12, (3, 4)
LIVED = 24  # writes, each read: a bank of ten frames has evicted or consolidated by then


@dataclass(frozen=True)
class Trial:
    """A method and its parameters; everything drawn from it is the same at every call."""

    method: str
    parameters: dict[str, Any]
    dtype: torch.dtype = torch.float64
    first: list[Any] | None = None  # what `lives.life` gave in a process of its own, if asked

    def memory(self, key_dim: int = KEY, value_dim: int = VALUE) -> Memory:
        """A module with the weights of seed 0."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            made = registry.build(self.method, key_dim, value_dim, **self.parameters)
        return made.to(self.dtype).eval()

    def frames(
        self, memory: Memory, count: int, *, objects: int = OBJECTS,
        grid: tuple[int, int] = GRID, seed: int = 7,
    ) -> list[Frame]:  # fmt: skip
        """Random frames; the first is given. Numbers are drawn in float64 and then rounded."""
        source = torch.Generator().manual_seed(seed)
        keys = 1 if memory.key_scope is KeyScope.SHARED else objects

        def draw(n: int, channels: int) -> Tensor:
            x = torch.randn(n, channels, *grid, generator=source, dtype=torch.float64)
            return x.to(self.dtype)

        return [
            Frame(draw(keys, memory.key_dim), draw(objects, memory.value_dim),
                  draw(objects, 1).sigmoid(), t, t == 0)
            for t in range(count)
        ]  # fmt: skip

    def query(self, memory: Memory, *, objects: int = 1, grid: tuple[int, int] = GRID) -> Tensor:
        """A random query (objects, key_dim, h, w)."""
        source = torch.Generator().manual_seed(8)
        shape = objects, memory.key_dim, *grid
        x = torch.randn(*shape, generator=source, dtype=torch.float64)
        return x.to(self.dtype)


def written(memory: Memory, items: list[Frame], state: Any = None) -> Any:
    """The state after the items."""
    for item in items:
        state = memory.write(state, item)
    return state


def lived(memory: Memory, items: list[Frame], query: Tensor) -> Tensor:
    """The last readout of a life as in a video: a read after every write.

    On copies: what one life does to its frames in place is no other life's concern.
    """
    state, readout = None, query
    for item in copy.deepcopy(items):
        readout, state = memory.read(memory.write(state, item), query.clone())
    return readout


def leaves(state: Any) -> Iterator[Any]:
    """All that a nested state holds."""
    if isinstance(state, tuple | list):
        for part in state:
            yield from leaves(part)
    else:
        yield state


def of_objects(memory: Memory, frame: Frame, order: list[int]) -> Frame:
    """The frame as it would be with these objects, in this order."""
    key = frame.key if memory.key_scope is KeyScope.SHARED else frame.key[order]
    return frame._replace(key=key, value=frame.value[order], mask=frame.mask[order])


def same(a: Any, b: Any) -> bool:
    """Whether two nested states hold the same bits."""
    if isinstance(a, Tensor):
        return isinstance(b, Tensor) and a.shape == b.shape and torch.equal(a, b)
    if isinstance(a, tuple | list):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return type(a) is type(b) and bool(a == b)
