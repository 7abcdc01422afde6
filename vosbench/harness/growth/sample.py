"""Bytes at one t, and the t at which a method ends for want of memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from vosbench.harness.features import Host
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
    """There is no room at this t."""


@dataclass(frozen=True)
class Follower:
    """Follows a memory over t within a limit in bytes; None is what the machine has."""

    limit: int | None = None

    def samples(self, host: Host, times: tuple[int, ...]) -> Iterator[Sample | End]:
        """A sample at each t; where there is no more room, the last one that has, then the end.

        The end is found by bisection between two times, so it does not depend on which are
        sampled; it takes for granted that what fits at t fits before.
        """
        for t in sorted(times):
            before = replace(host)
            try:
                yield self.sample(host, t)
            except _FullError as full:
                yield from self._end(before, t, str(full))
                return

    def sample(self, host: Host, t: int) -> Sample:
        """Goes on to frame t and looks at it.

        Raises:
            _FullError: it does not fit.
        """
        memory, features = host.features.memory, host.features
        try:
            host.advance(t)
            read = partial(memory.read, host.live, features.query())
            write = partial(memory.write, host.kept, features.frame(t))
            live = state_bytes(host.live)
            found = Sample(
                t, live, state_bytes(host.kept, host.live) - live,
                peak_bytes(read, features.device), peak_bytes(write, features.device),
            )  # fmt: skip
        except (MemoryError, RuntimeError) as error:
            if not ran_out(error):
                raise
            raise _FullError(ERROR) from error
        if self.limit is not None and found.peak > self.limit:
            raise _FullError(LIMIT)
        return found

    def _end(self, low: Host, high: int, because: str) -> Iterator[Sample | End]:
        start, last = low.t, None
        while high - low.t > 1:
            probe = replace(low)
            try:
                last = self.sample(probe, (low.t + high) // 2)
                low = probe
            except _FullError as full:
                high, because = (low.t + high) // 2, str(full)
        if last is not None and low.t > start:
            yield last
        yield End(high, because)


def resident_bytes() -> int | None:
    """Bytes of this process in RAM, by Linux's count; None where there is no such count."""
    try:
        return int(_RESIDENT.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None
