"""The Pareto front: what no other beats."""

from __future__ import annotations

from collections.abc import Iterable

from vosbench.report.runs import Run

Point = tuple[Run, float, float]  # run, cost (less is better), J&F (more is better)


def front(points: Iterable[Point]) -> list[Point]:
    """Points for which no other has as much J&F at no more cost and is better in one of the two.

    The cheapest first; two that are equal are both on it. Swapped weights neither stand on a front
    nor push anyone off it.
    """
    ranked = [point for point in points if not point[0].swapped]
    kept = [
        (run, cost, jf)
        for run, cost, jf in ranked
        if not any(a >= jf and b <= cost and (a, b) != (jf, cost) for _, b, a in ranked)
    ]
    return sorted(kept, key=lambda point: point[1:])
