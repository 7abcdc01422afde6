"""What a long run is judged by: memory that stays flat, and what must not change at all.

Flat: over the rounds after the warm-up, the median of the last quarter is above the median of the
first quarter by no more than ALLOWED. Medians of quarters pass over single rounds in which a
process holds memory that it gives back; a leak moves the whole last quarter. A slope by least
squares would need errors that are independent, which memory's steps are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

MIB = 1 << 20
ALLOWED = 0.003  # of the first quarter's median, and ROUNDING beside it
ROUNDING = 4 * MIB  # an allocator takes memory from the system in steps
WARM_UP = 0.2  # of the rounds, at least FEWEST: caches fill, kernels are chosen
FEWEST = 3
ENOUGH = 8  # rounds after the warm-up, for quarters of two


@dataclass(frozen=True)
class Round:
    """The process tree between two rounds, when nothing is at work."""

    number: int
    seconds: float  # since the start
    rss: int  # bytes of all processes together
    files: int  # open descriptors of all processes
    threads: int  # of all processes
    processes: int
    digest: str  # of every J and F that the round measured
    records: int  # how many those are


def steady(rounds: Sequence[Round]) -> list[Round]:
    """The rounds after the warm-up."""
    return list(rounds[max(FEWEST, round(WARM_UP * len(rounds))) :])


def growth(rounds: Sequence[Round]) -> tuple[float, float]:
    """Bytes by which memory grew from the first to the last quarter, and the most that is flat."""
    kept = [r.rss for r in steady(rounds)]
    quarter = len(kept) // 4
    first, last = median(kept[:quarter]), median(kept[-quarter:])
    return last - first, ALLOWED * first + ROUNDING


def faults(rounds: Sequence[Round]) -> list[str]:
    """One line for each thing that did not stay as it was; none for a good run."""
    kept = steady(rounds)
    if len(kept) < ENOUGH:
        return [f"{len(kept)} rounds after the warm-up; expected at least {ENOUGH}: run it longer"]
    found = []
    grown, allowed = growth(rounds)
    if grown > allowed:
        found.append(f"memory grew by {grown / MIB:.1f} MiB; expected at most {allowed / MIB:.1f}")
    for name in ("files", "threads", "processes"):
        seen = sorted({getattr(r, name) for r in kept})
        if len(seen) > 1:
            found.append(f"{name} went from {seen[0]} to {seen[-1]}; expected no change")
    if different := [r.number for r in rounds if r.digest != rounds[0].digest]:
        found.append(f"round {different[0]} has other J and F than round {rounds[0].number}")
    if not rounds[0].records:
        found.append("no J and F were measured")
    return found
