"""The same model by the clocks of published work: how far a clock alone moves a frame rate."""

from __future__ import annotations

from vosbench.report.costs import Costs
from vosbench.report.tabular import Column, Row, Table, milli

_SECONDS, _RATIO = "clock_seconds_", "clock_ratio_"
_NAMES = {"stcn": "STCN", "xmem": "XMem", "cutie": "Cutie", "aot": "AOT", "sam2": "SAM 2"}


def table(speed: Costs | None, name: str) -> Table | None:
    """A line per method: ours, then each clock's time and its ratio to ours; None without any."""
    if speed is None:
        return None
    rows: list[Row] = []
    for label in speed.labels:
        known = speed.whole(label)
        theirs: Row = {m: x for m, x in known.items() if m.startswith((_SECONDS, _RATIO))}
        if theirs:
            rows.append({"method": label, "ours": known.get("frame_seconds_mean"), **theirs})
    found = {m.removeprefix(_SECONDS) for row in rows for m in row if m.startswith(_SECONDS)}
    if not found:
        return None
    columns = [Column("method", "Method", text=True), Column("ours", "Our clock", "ms", milli)]
    for clock in [*(c for c in _NAMES if c in found), *sorted(found - set(_NAMES))]:
        shown = _NAMES.get(clock, clock)
        columns.append(Column(f"{_SECONDS}{clock}", shown, "ms", milli))
        columns.append(Column(f"{_RATIO}{clock}", f"{shown} / ours", "", lambda x: f"{x:.2f}"))
    notes = (
        "ms per frame of one network on one machine, by what each project's evaluation code times. "
        "A ratio below 1: that clock makes the same model look faster than ours does.",
        f"{speed.setting.describe()}.",
    )
    return Table(name, "The same model by other clocks", columns, rows, notes)
