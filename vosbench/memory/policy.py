"""When the host writes, and what its reads then see: one rule for every host of a memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class WritePolicy:
    """When the host writes: the policy is the host's, so that it can be ablated by itself.

    >>> policy = WritePolicy(every=5, include_previous=True)
    >>> [policy.kept(t) for t in (1, 2, 5, 6, 7)], [policy.seen(t) for t in (1, 2, 5, 6, 7)]
    ([1, 1, 1, 2, 2], [1, 2, 2, 2, 3])
    """

    every: int = 1  # write each frame whose t is a multiple of this
    keep_first: bool = True  # write the frame whose mask was given
    include_previous: bool = False  # let the next read also see the last frame, then forget it

    def __post_init__(self) -> None:
        if not isinstance(self.every, int) or self.every < 1:
            raise ValueError(f"every is {self.every}; expected a whole number from 1 on")
        for name in ("keep_first", "include_previous"):
            if getattr(self, name) not in (True, False):
                raise ValueError(f"{name} is {getattr(self, name)}; expected True or False")

    def keeps(self, t: int, *, given: bool) -> bool:
        """Whether frame t is written for good.

        >>> [t for t in range(12) if WritePolicy(every=5).keeps(t, given=False)]
        [0, 5, 10]
        """
        return self.keep_first if given else t % self.every == 0

    def writes(self, t: int, *, given: bool) -> bool:
        """Whether frame t is written at all, be it for the next read alone: without any write, a
        given frame would leave that read nothing.
        """
        return given or self.include_previous or self.keeps(t, given=given)

    def kept(self, t: int) -> int:
        """How many frames were written for good before frame t, where frame 0 alone was given."""
        multiples = -(-t // self.every)  # among 0 ... t - 1
        return multiples - (t > 0 and not self.keep_first)

    def seen(self, t: int) -> int:
        """How many frames the read of frame t sees, where frame 0 alone was given."""
        last = self.keeps(t - 1, given=t == 1)
        return max(1, self.kept(t) + (self.include_previous and not last))


@dataclass
class Track:
    """A memory's state along a video, and the branch that its reads see.

    A temporary write is a write into a branch that the next write forgets: states are never changed
    in place, so no memory module has to know of it. So is what a read of the branch notes there.
    """

    kept: Any = field(default=None, kw_only=True)  # what was written for good; None before
    live: Any = field(default=None, kw_only=True)  # what reads see: `kept`, or one frame more

    def read(self, read: Callable[[Any], tuple[Tensor, Any]]) -> Tensor:
        """The readout of `read`, state -> (readout, state)."""
        branched = self.live is not self.kept
        readout, self.live = read(self.live)
        if not branched:
            self.kept = self.live
        return readout

    def write(self, write: Callable[[Any], Any], *, keep: bool) -> None:
        """Calls `write`, state -> state: for good, or else for the reads until the next write."""
        self.live = write(self.kept)
        if keep:
            self.kept = self.live
