"""A method whose stages take exactly known times on a clock that only they move."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from vosbench.harness.settings import Settings
from vosbench.harness.speed import clock

STAGES = {
    "prepare": 1.0, "encode": 2.0, "read": 4.0, "decode": 8.0, "memory_encode": 16.0,
    "write": 32.0, "resize": 64.0, "decide": 128.0,
}  # fmt: skip
FIRST = ("prepare", "memory_encode", "write", "resize", "decide")  # frame 0 has nothing to read
BETWEEN = 256.0  # seconds of a frame that lie in no stage


class Hand:
    """The hand of a clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 1000.0
        monkeypatch.setattr(clock, "time", SimpleNamespace(perf_counter=lambda: self.seconds))

    def move(self, seconds: float) -> None:
        self.seconds += seconds


class TimedSegmenter:
    """Moves the hand; the ids are those that `think` gives for frame t."""

    def __init__(self, hand: Hand, stage: Any, think: Callable[[int], np.ndarray]) -> None:
        self.hand, self.stage, self.think = hand, stage, think
        self.given: list[Any] = []

    def step(self, frame: np.ndarray, given: np.ndarray | None) -> np.ndarray:
        t = len(self.given)
        self.given.append(given)
        for name in STAGES if t else FIRST:
            with self.stage(name):
                self.hand.move(STAGES[name])
        self.hand.move(BETWEEN)
        return self.think(t)


class TimedSubject:
    """What a Clip needs of a Subject."""

    def __init__(self, hand: Hand, think: Callable[[int], np.ndarray] | None = None) -> None:
        self.hand = hand
        self.think = think or (lambda t: np.zeros((2, 2), np.uint8))
        self.settings = Settings(methods=("timed",))
        self.made: list[TimedSegmenter] = []

    def segmenter(self, stage: Any) -> TimedSegmenter:
        self.made.append(TimedSegmenter(self.hand, stage, self.think))
        return self.made[-1]


def frames(count: int) -> list[np.ndarray]:
    return [np.full((2, 2, 3), t, np.uint8) for t in range(count)]


MASK = np.array([[0, 1], [2, 2]], np.uint8)
