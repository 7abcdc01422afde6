"""Bytes at one t, and the t at which a method ends for want of memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from vosbench.harness.features import Host
from vosbench.harness.growth.stops import crest, stops
from vosbench.harness.tracker import Peak, peak_bytes
from vosbench.memory import state_bytes
from vosbench.model.device import ran_out

LIMIT, ERROR = "memory limit", "out of memory"
_RESIDENT = Path("/proc/self/statm")  # in pages: program, resident, ...


class Sample(NamedTuple):
    """Bytes when frame t is read and written."""

    t: int
    state: int  # of the state that the read sees
    branch: int  # further ones of the state that is kept, where the two differ
    read: Peak
    write: Peak

    @property
    def peak(self) -> int:
        """Most that is alive at once: both states, and the larger step with what it returns."""
        return self.state + self.branch + max(self.read.whole, self.write.whole)


class End(NamedTuple):
    """Where a method ends."""

    t: int  # the first frame whose read or write has no room
    because: str  # LIMIT or ERROR


class _FullError(Exception):
    """There is no room at this frame."""

    def __init__(self, t: int, because: str) -> None:
        super().__init__(t, because)
        self.end = End(t, because)


@contextmanager
def _room(host: Host) -> Iterator[None]:
    """An error that says that memory has run out becomes a _FullError at the host's frame."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not ran_out(error):
            raise
        raise _FullError(max(1, host.t), ERROR) from error


@dataclass(frozen=True)
class Follower:
    """Follows a memory over t within a limit in bytes; None is what the machine has."""

    limit: int | None = None

    def samples(self, host: Host, times: tuple[int, ...]) -> Iterator[Sample | End]:
        """A sample at each of the `stops`; where there is no more room, the last one that has, then
        the end.

        Between two stops, what fits at t fits before, so the end is found by bisection and does not
        depend on which t are asked for.
        """
        fits = replace(host)
        try:
            with _room(host):
                for stop in stops(host, times):
                    yield self.sample(stop, stop.t)
                    fits = stop
        except _FullError as full:
            yield from self._end(fits, full.end)

    def sample(self, host: Host, t: int) -> Sample:
        """Goes on to frame t and looks at it.

        Raises:
            _FullError: it does not fit.
        """
        memory, features = host.features.memory, host.features
        with _room(host):
            host.advance(t)
            read = partial(memory.read, host.live, features.query())
            write = partial(memory.write, host.kept, features.frame(t))
            live = state_bytes(host.live)
            found = Sample(
                t, live, state_bytes(host.kept, host.live) - live,
                peak_bytes(read, features.device), peak_bytes(write, features.device),
            )  # fmt: skip
        if self.limit is not None and found.peak > self.limit:
            raise _FullError(t, LIMIT)
        return found

    def _end(self, low: Host, end: End) -> Iterator[Sample | End]:
        start, last = low.t, None
        while end.t - low.t > 1:
            probe, t = replace(low), (low.t + end.t) // 2
            try:
                last = self.sample(probe, max(low.t + 1, crest(low.policy, t)))
                low = probe
            except _FullError as full:
                end = full.end
        if last is not None and low.t > start:
            yield last
        yield end._replace(t=max(end.t, low.t + 1))  # an error may come earlier the next time


def resident_bytes() -> int | None:
    """Bytes of this process in RAM, by Linux's count; None where there is no such count."""
    try:
        return int(_RESIDENT.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None
