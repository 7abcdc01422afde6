"""Operators that the counters of multiply-adds met and have no rule for: where, and why."""

from __future__ import annotations

from vosbench.metrics.uncounted import UNCOUNTED, multiplies, why
from vosbench.report.costs import STAGES, Costs
from vosbench.report.tabular import Column, Row, Table

_MARK = "_uncounted:"  # after the stage, before the operator


def operators(costs: Costs, label: str, stage: str, t: int | None) -> list[str]:
    """What the counter left out of a stage, as it named it."""
    lead = stage + _MARK
    return sorted(m.removeprefix(lead) for m in costs.every(label, t) if m.startswith(lead))


def products(costs: Costs, label: str, t: int | None) -> list[str]:
    """Operators that multiply, of a read that has no multiply-adds by this count; else none."""
    counter = costs.setting.protocol
    if costs.at(label, "read_macs", t) != 0 or counter not in UNCOUNTED:
        return []
    return [x for x in operators(costs, label, "read", t) if multiplies(counter, x)]


def notes(costs: Costs | None) -> list[str]:
    """A sentence for each method whose read has no multiply-adds because nobody counts them."""
    t = costs.common_t if costs else None
    found = [(x, left) for x in costs.labels if (left := products(costs, x, t))] if costs else []
    return [
        f"{label}: 0 multiply-adds of a read do not say that it multiplies nothing: "
        f"{', '.join(left)} {'are' if left[1:] else 'is'} not counted."
        for label, left in found
    ]


def table(counted: dict[str, Costs], name: str) -> Table:
    """A line per operator and reason: in which stages, by which counters, in which methods.

    Args:
        counted: costs by counter, of one setting.
        name: of the table.
    """
    met: dict[tuple[str, str, str, str], str] = {}  # operator, why, stage, method -> counters
    for counter, costs in counted.items():
        for label in costs.labels:
            for stage in STAGES:
                times = (None, *costs.times(label))
                for operator in {x for t in times for x in operators(costs, label, stage, t)}:
                    place = (operator, why(counter, operator), stage.replace("_", " "), label)
                    met[place] = f"{met[place]}, {counter}" if place in met else counter
    every = {label for costs in counted.values() for label in costs.labels}
    methods: dict[tuple[str, str, str, str], set[str]] = {}
    for (operator, reason, stage, label), counters in met.items():
        methods.setdefault((operator, reason, counters, stage), set()).add(label)
    stages: dict[tuple[str, str, str, str], list[str]] = {}
    for (operator, reason, counters, stage), labels in sorted(methods.items()):
        stages.setdefault((operator, reason, counters, _all(labels, every)), []).append(stage)
    keys = ("operator", "reason", "counters", "methods")
    rows: list[Row] = []
    for line, where in stages.items():
        row: Row = {"stage": ", ".join(where)}
        rows.append(row | dict(zip(keys, line, strict=True)))
    said = "Operators that do arithmetic and are in none of a counter's multiply-adds."
    return Table(name, "Operators without a rule", COLUMNS, rows, (said,))


def _all(some: set[str], every: set[str]) -> str:
    return "all" if some == every and len(every) > 1 else ", ".join(sorted(some))


COLUMNS = (
    Column("operator", "Operator", text=True), Column("stage", "Stages", text=True),
    Column("counters", "Not counted by", text=True), Column("methods", "Methods", text=True),
    Column("reason", "Why", text=True),
)  # fmt: skip
