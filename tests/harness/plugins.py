"""Memories made for tests: each breaks, or hits, one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vosbench.memory import Cost, Frame, Growth, Memory


class Diary(Memory):
    """Its state is the list of frames written; nothing is ever computed."""

    growth = Growth.LINEAR
    paper = "none"

    def write(self, state: Any, frame: Frame) -> Any:
        return (*(state or ()), frame.t)

    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        return torch.zeros(1, self.value_dim, *query.shape[2:]), state


class Tape(Memory):
    """Keeps 4 bytes for each frame, and says that it grows as it is told to."""

    paper = "none"
    states = 40  # bytes that its formula states at most

    def __init__(self, key_dim: int, value_dim: int, growth: Growth = Growth.LINEAR) -> None:
        super().__init__(key_dim, value_dim)
        self.growth = growth  # type: ignore[misc]

    def write(self, state: Any, frame: Frame) -> Any:
        return torch.zeros(1 if state is None else len(state) + 1)

    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        return torch.zeros(1, self.value_dim, *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        return Cost(0, 0, min(4 * t, self.states), 0)


class Endless(Tape):
    """Its formula has no bound either."""

    states = 10**12


class Sawtooth(Tape):
    """Of every ten frames it makes four: the write after nine takes 416 bytes, 16 of them stay."""

    def write(self, state: Any, frame: Frame) -> Any:
        if state is not None and len(state) == 9:
            return torch.zeros(100)[:4].clone()
        return super().write(state, frame)


@dataclass
class Box:
    """A state whose tensors nobody sees from outside."""

    value: Tensor


class Boxed(Diary):
    """Its state is a dataclass, in a tuple."""

    def write(self, state: Any, frame: Frame) -> Any:
        return (frame.t, Box(frame.value))


class Counting(Diary):
    """Its read changes the state: (frames written, number of reads)."""

    def write(self, state: Any, frame: Frame) -> Any:
        times, heard = state or ((), 0)
        return (*times, frame.t), heard

    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        times, heard = state
        return torch.zeros(1, self.value_dim, *query.shape[2:]), (times, heard + 1)


class Greedy(Diary):
    """Asks for 2^50 bytes once it holds 7 frames."""

    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        if len(state) >= 7:
            torch.empty(2**50, dtype=torch.uint8)
        return super().read(state, query)


class Faulty(Diary):
    """Fails for a reason that has nothing to do with memory."""

    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        raise RuntimeError("shapes do not fit")
