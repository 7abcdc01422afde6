"""Multiply-adds by formula at further frame sizes and numbers of objects: one compact table."""

from __future__ import annotations

import pandas as pd

from vosbench.report.costs import Costs
from vosbench.report.formats import giga, whole
from vosbench.report.tabular import Column, Row, Table

_METRICS = {"read_macs": "Read", "write_macs": "Write"}


def table(costs: Costs, name: str) -> Table:
    """A line per method, size and number of objects; the read at each t, the write at the last."""
    rows = costs.rows[costs.rows.metric.isin(list(_METRICS)) & costs.rows.t.notna()]
    last = max(rows.t, default=0)
    rows = rows[(rows.metric == "read_macs") | (rows.t == last)]
    columns = [
        Column("method", "Method", text=True), Column("size", "Size", text=True),
        Column("objects", "Objects", show=whole),
    ]  # fmt: skip
    for metric, title in _METRICS.items():
        columns += [
            Column(f"{metric} {t}", f"{title} at t = {t}", "G MAC", giga)
            for t in sorted(set(rows.t[rows.metric == metric]))
        ]
    keys = ["label", "size", "objects"]
    groups = [(str(x), str(s), int(n), part) for (x, s, n), part in
              rows.groupby(keys, observed=True)]  # fmt: skip
    groups.sort(key=lambda g: (g[0], _area(g[1]), g[2]))
    lines = [_line(label, size, objects, part) for label, size, objects, part in groups]
    notes = (
        f"{costs.setting.describe()}.",
        "By formula: what read and write cost, at sizes and numbers of objects that were not run.",
    )
    return Table(name, "Multiply-adds by size and objects", columns, lines, notes)


def _line(label: str, size: str, objects: int, part: pd.DataFrame) -> Row:
    numbers = zip(part.metric, part.t, part.value, strict=True)
    values: Row = {f"{metric} {t}": float(value) for metric, t, value in numbers}
    return {"method": label, "size": size, "objects": objects, **values}


def _area(size: str) -> int:
    """Pixels of "480x854"; 0 for another text."""
    sides = size.split("x")
    return int(sides[0]) * int(sides[1]) if len(sides) == 2 and size[:1].isdigit() else 0
