"""State bytes that were measured beside those that a method's own formula states."""

from __future__ import annotations

import math

from vosbench.report.costs import STATED, Costs, by_protocol
from vosbench.report.formats import with_prefix

SLACK = 1.01  # a measured state may be so many times the stated one


def warnings(found: list[Costs]) -> list[str]:
    """A sentence for each method whose state is larger than its cost() states, at the worst t."""
    said = []
    for group in by_protocol(found).values():
        formulas = [costs for name, costs in group.items() if name.startswith(STATED)]
        measured = [costs for name, costs in group.items() if not name.startswith(STATED)]
        for label in sorted({label for costs in formulas for label in costs.labels}):
            if sentence := _warning(_states(formulas, label), _states(measured, label), label):
                said.append(sentence)
    return list(dict.fromkeys(said))


def _states(found: list[Costs], label: str) -> dict[float, float]:
    """T -> state bytes, by whichever protocol has the t."""
    pairs = [costs.series(label, "state_bytes") for costs in found]
    return {t: x for times, values in pairs for t, x in zip(times, values, strict=True)}


def _warning(stated: dict[float, float], measured: dict[float, float], label: str) -> str:
    times = sorted(stated.keys() & measured.keys(), reverse=True)
    over = {
        t: measured[t] / stated[t] if stated[t] else math.inf
        for t in times
        if measured[t] > SLACK * stated[t]
    }
    if not over:
        return ""
    t = max(over, key=lambda t: over[t])
    return (
        f"{label}, state at t = {t:.0f}: its cost() states {with_prefix(stated[t], 'B')}, measured "
        f"are {with_prefix(measured[t], 'B')}."
    )
