"""Multiply-adds by formula and by both counters, side by side, and where they part."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from vosbench.report import uncounted
from vosbench.report.costs import COUNTERS, STAGES, STATED, Costs, by_protocol
from vosbench.report.evidence import Evidence
from vosbench.report.formats import giga, percent, whole, with_prefix
from vosbench.report.settings import Setting, split
from vosbench.report.tabular import Column, Row, Table

ALIKE = 0.01  # of the formula: a counter that is further off is warned of
_ORDER = (STATED, *(name for name in COUNTERS if name != STATED))
Counted = dict[str, Costs]  # by counter, of one setting


def warnings(found: list[Costs]) -> list[str]:
    """A sentence for each stage of a method whose formula and counters part, at the worst t."""
    groups = list(_groups(found))
    return [
        said + (f" ({setting.describe()})" if groups[1:] else "")
        for setting, counted in groups
        for label in _labels(counted)
        for stage in STAGES
        if (said := _warning(counted, label, stage))
    ]


def tables(found: list[Costs], further: Sequence[Costs] = ()) -> list[Table]:
    """For each setting the counts side by side, and the operators without a rule; then how far
    they agree, where there are `further` sizes and numbers of objects.
    """
    both = []
    for i, (setting, counted) in enumerate(_groups(found)):
        suffix = f"-{i + 1}" if i else ""
        both.append(_beside(setting, counted, f"counters{suffix}"))
        both.append(uncounted.table(counted, f"uncounted{suffix}"))
    both += [agreement([*found, *further])] if further else []
    return [table for table in both if table.rows]


def elsewhere(evidence: Evidence) -> list[Costs]:
    """What was counted at further sizes and numbers of objects, with the formula there."""
    found = [Costs(*pair) for pair in split("flops", evidence.of("scaling"))]
    both = (group for group in by_protocol(found).values() if len(group) > 1)
    return [costs for group in both for costs in group.values()]


def agreement(found: list[Costs]) -> Table:
    """A line per method, size and number of objects: how far counters are from the formula."""
    rows: list[Row] = []
    for setting, counted in _groups(found):
        for label in _labels(counted):
            macs = [x for stage in STAGES for x in _macs(counted, label, stage).values()]
            times = sorted({t for costs in counted.values() for t in costs.times(label)})
            row: Row = {"method": label, "size": setting.size, "objects": setting.objects}
            row |= {x: max((_off(m, x) for m in macs if x in m), default=None) for x in counted}
            both = [x for x in macs if STATED in x and len(x) > 1]
            agree = all(_off(x) <= ALIKE for x in both)
            row |= {"times": ", ".join(map(str, times)), "agree": "yes" if agree else "no"}
            rows += [row] if both else []
    rows.sort(key=lambda row: str(row["method"]))
    names = sorted({x for costs in found if (x := costs.setting.protocol) != STATED})
    columns = (
        Column("method", "Method", text=True), Column("size", "Size", text=True),
        Column("objects", "Objects", show=whole), Column("times", "t", text=True),
        *(Column(x, f"{x} off by", "% of the formula", percent) for x in names),
        Column("agree", "Within 1 %", text=True),
    )  # fmt: skip
    said = "The furthest that a counter is from the formula, of all stages and every t."
    return Table("agreement", "Formula and counters by t, size and objects", columns, rows, (said,))


def _groups(found: list[Costs]) -> Iterator[tuple[Setting, Counted]]:
    """Every setting with what was counted there, the formula first."""
    for setting, group in by_protocol(found).items():
        counted = {name: group[name] for name in _ORDER if name in group}
        if counted:
            yield setting, counted


def _labels(counted: Counted) -> list[str]:
    return sorted({label for costs in counted.values() for label in costs.labels})


def _macs(counted: Counted, label: str, stage: str) -> dict[int | None, dict[str, float]]:
    """T -> counter -> multiply-adds; last t first, None for what does not depend on t."""
    times = {t for costs in counted.values() for t in costs.times(label)}
    found: dict[int | None, dict[str, float]] = {}
    for t in (*sorted(times, reverse=True), None):
        for name, costs in counted.items():
            if (macs := costs.at(label, f"{stage}_macs", t)) is not None:
                found.setdefault(t, {})[name] = macs
    return found


def _off(macs: dict[str, float], counter: str | None = None) -> float:
    """How far a counter, or else the furthest, is off, as a share of the formula."""
    stated = macs.get(STATED)
    if stated is None:
        return 0.0
    furthest = max(abs(x - stated) for name, x in macs.items() if counter in (None, name))
    return furthest / stated if stated else (math.inf if furthest else 0.0)


def _warning(counted: Counted, label: str, stage: str) -> str:
    found = _macs(counted, label, stage)
    t = max(found, key=lambda t: _off(found[t]), default=None)
    macs = found.get(t, {})
    if _off(macs) <= ALIKE:
        return ""
    numbers = {name: with_prefix(x, "multiply-adds") for name, x in macs.items()}
    stated = numbers.pop(STATED)
    counts = ", ".join(f"{name} counts {number}" for name, number in numbers.items())
    left = {x for name in numbers for x in uncounted.operators(counted[name], label, stage, t)}
    rules = f"without a rule: {', '.join(sorted(left))}" if left else "every operator has a rule"
    what = stage.replace("_", " ") + ("" if t is None else f" at t = {t}")
    return f"{label}, {what}: the formula states {stated}, {counts}; {rules}."


def _beside(setting: Setting, counted: Counted, name: str) -> Table:
    """A line per method and stage, at the last t that most of them counted."""
    rows: list[Row] = []
    for label in _labels(counted):
        for stage in STAGES:
            found = _macs(counted, label, stage)
            t = max(found, key=lambda t: len(found[t]), default=None)
            if found:
                rows.append({"method": label, "stage": stage.replace("_", " "), "t": t}
                            | found[t] | _own(counted, label, stage, t)
                            | {"agree": _verdict(found[t])})  # fmt: skip
    alone = [name for name in counted if name != STATED]
    columns = (
        Column("method", "Method", text=True), Column("stage", "Stage", text=True),
        Column("t", "t", show=whole),
        *(Column(x, "Formula" if x == STATED else x, "G MAC", giga) for x in counted),
        Column("agree", "Within 1 %", text=True),
        *(Column(f"{x}_alone", f"{x} without our rules", "G", giga) for x in alone),
    )  # fmt: skip
    notes = (
        f"Multiply-adds (MAC), x2 = FLOPs. {setting.describe()}.",
        "Within 1 %: whether the counters agree with the formula so far. Without our rules: what a "
        "counter says by itself, in its own units.",
    )
    return Table(name, "Multiply-adds by formula and by counters", columns, rows, notes)


def _own(counted: Counted, label: str, stage: str, t: int | None) -> Row:
    """What each counter says without the rules that we gave it."""
    return {f"{x}_alone": c.at(label, f"{stage}_macs_unaided", t) for x, c in counted.items()}


def _verdict(macs: dict[str, float]) -> str | None:
    if STATED not in macs or len(macs) < 2:
        return None
    return "yes" if _off(macs) <= ALIKE else "no"
