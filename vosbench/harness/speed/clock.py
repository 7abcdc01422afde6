"""The clock: seconds of a whole frame, and of the stages inside it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import torch

T = TypeVar("T")


class Timing(NamedTuple):
    """One frame."""

    t: int  # index of the frame
    whole: float  # seconds from a frame in RAM to ids in RAM
    stages: dict[str, float]  # seconds of each stage; what lies between two stages is in none


class Clock:
    """Times calls, and adds up seconds per stage inside them; `stage` goes into a Segmenter.

    On CUDA a whole call is taken with the device synchronised at both ends. Its stages are taken by
    events on the stream, which hold nothing up: to synchronise at every stage would lose the
    overlap of host and device and slow the very frame that is timed.

    Args:
        device: "cpu", "cuda", "cuda:1", ...
    """

    def __init__(self, device: str) -> None:
        self.device = device
        self.seconds: dict[str, float] = defaultdict(float)
        self._open: list[tuple[str, Any, Any]] = []  # events whose time is not known yet

    def now(self) -> float:
        """Seconds, after everything queued on the device is done."""
        if self.device != "cpu":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()

    def time(self, call: Callable[[], T]) -> tuple[T, float, dict[str, float]]:
        """A call's result, its seconds, and the seconds of each stage in it."""
        self.seconds.clear()
        self._open.clear()
        start = self.now()
        result = call()
        whole = self.now() - start
        for name, begun, ended in self._open:
            self.seconds[name] += begun.elapsed_time(ended) / 1000  # milliseconds
        return result, whole, dict(self.seconds)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Adds the block's seconds to a stage."""
        if self.device != "cpu":
            begun = self._event()
            yield
            self._open.append((name, begun, self._event()))
            return
        start = time.perf_counter()
        yield
        self.seconds[name] += time.perf_counter() - start

    def _event(self) -> Any:
        event: Any = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record(torch.cuda.current_stream(self.device))
        return event
