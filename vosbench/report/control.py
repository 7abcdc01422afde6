"""What a memory adds: a run against `none`, the memory that keeps nothing, on the same weights.

A network can learn to segment whatever is salient and never look at its memory; its J&F then says
nothing of the memory. The same weights with a readout of zeros tell.
"""

from __future__ import annotations

from vosbench.report.formats import probability, signed_percent
from vosbench.report.runs import Difference, Run
from vosbench.report.scores import Scores

NOTE = (
    "Over none: J&F minus that of the method none, a readout of zeros, on the same weights: what "
    "the memory adds."
)


def added(scores: Scores, run: Run) -> Difference | None:
    """J&F of a run over that of no memory on its weights, paired over sequences."""
    control = scores.control(run)
    return None if control is None else scores.compare(run, control)


def gain(scores: Scores, run: Run) -> float | None:
    """J&F of a run minus that of no memory on its weights, over the sequences that both have."""
    if (difference := added(scores, run)) is not None:
        return difference.mean
    control = scores.control(run)
    if control is None:
        return None
    both = scores.per_sequence[[run.name, control.name]].dropna()
    return None if both.empty else float(both.iloc[0, 0] - both.iloc[0, 1])  # the one sequence


def any_added(scores: Scores) -> bool:
    """Whether some run has its control beside it."""
    return any(gain(scores, run) is not None for run in scores.runs)


def sentences(scores: Scores, runs: list[Run]) -> list[str]:
    """What each memory adds, for runs where that is more than noise."""
    found = [(run, d) for run in runs if (d := added(scores, run)) is not None and _adds(d)]
    if not found:
        return []
    each = ", ".join(
        f"{run.name} {signed_percent(d.mean)} ({signed_percent(d.low)} to "
        f"{signed_percent(d.high)}, p {probability(d.p)})"
        for run, d in found
    )
    return [
        "What the memory adds to J&F, over none on the same weights (95 % interval, uncorrected "
        f"p): {each}."
    ]


def _adds(difference: Difference) -> bool:
    return difference.clear and difference.mean > 0


def warning(scores: Scores, runs: list[Run]) -> str:
    """Names the runs that do no better than no memory at all; "" where there are none."""
    idle = [
        f"{run.name} ({signed_percent(d.mean)}, uncorrected p {probability(d.p)})"
        for run in runs
        if (d := added(scores, run)) is not None and not _adds(d)
    ]
    if not idle:
        return ""
    return (
        f"{' and '.join(idle)}: J&F is not clearly above that of no memory on the same weights. It "
        "says little about the memory."
    )
