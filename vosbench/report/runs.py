"""A method with its weights, and what it is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from vosbench.report.settings import donor
from vosbench.results import CONTROL, UNTRAINED


@dataclass(frozen=True)
class Run:
    """A method with its weights."""

    label: str
    weights: str
    name: str  # the label, with the start of the digest where two weights share a label

    @property
    def untrained(self) -> bool:
        return self.weights == UNTRAINED

    @property
    def swapped(self) -> bool:
        """Whether the weights were trained with another method's memory."""
        return bool(donor(self.weights))

    @property
    def is_control(self) -> bool:
        """Whether it is there for others alone: `none` on their weights."""
        return self.label == CONTROL and self.swapped

    @property
    def title(self) -> str:
        """The name wherever an accuracy stands: never without the warning it needs."""
        return f"{self.name} (untrained weights)" if self.untrained else self.name


def competing(runs: Sequence[Run]) -> list[Run]:
    """Runs that are ranked against each other, in the order given: those trained with their own
    memory; without any, those on another's weights; without these, the untrained. No control is.
    """
    rivals = [run for run in runs if not run.is_control]
    trained = [run for run in rivals if not run.untrained]
    return [run for run in trained if not run.swapped] or trained or rivals


@dataclass(frozen=True)
class Difference:
    """J&F of `first` minus J&F of `second` on the sequences that both have (`metrics.paired`)."""

    first: Run
    second: Run
    mean: float  # the difference of their totals there
    low: float  # 95 % interval
    high: float
    p: float
    clear: bool  # more than noise
    sequences: int


def named(pairs: Sequence[tuple[str, str]]) -> list[Run]:
    """Runs of these (label, weights), each under a name of its own."""
    kinds = Counter((label, donor(weights)) for label, weights in pairs)
    return [
        Run(label, weights, _name(label, weights, alone=kinds[label, donor(weights)] == 1))
        for label, weights in pairs
    ]


def _name(label: str, weights: str, *, alone: bool) -> str:
    if other := donor(weights):
        which = "" if alone else f" {weights[-12:][:6]}"
        return f"{label} (swapped: {other}'s weights{which})"
    return label if alone or weights == UNTRAINED else f"{label} {weights[:6]}"
