"""The Pareto front: what no other beats."""

from __future__ import annotations

from collections.abc import Iterable

from vosbench.report.runs import Run

Point = tuple[Run, float, float]  # run, cost (less is better), J&F (more is better)


def front(points: Iterable[Point]) -> list[Point]:
    """Points for which no other has as much J&F at no more cost and is better in one of the two.

    The cheapest first; two that are equal are both on it.
    """
    every = list(points)
    kept = [
        (run, cost, jf)
        for run, cost, jf in every
        if not any(a >= jf and b <= cost and (a, b) != (jf, cost) for _, b, a in every)
    ]
    return sorted(kept, key=lambda point: point[1:])
