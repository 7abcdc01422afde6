"""What hours of video would cost: a store's measured numbers times how many there would be.

Nothing is measured here and nothing guessed: where a number is not in the store, its line says what
would measure it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from vosbench.errors import DataError, UsageError
from vosbench.report import rates
from vosbench.report.costs import Costs, all_costs, choose
from vosbench.report.evidence import Evidence
from vosbench.report.formats import significant
from vosbench.report.tabular import Column, Row, Table
from vosbench.report.trend import FrameLines, Line, frame_lines, state_line

HOUR, DAY, YEAR = 3600.0, 86400.0, 365.25 * 86400.0  # seconds
_UNITS = {"frame_seconds": "s", "read_seconds": "s", "first_frame_seconds": "s",
          "state_bytes": "byte"}  # fmt: skip
_ALL = "All of it: the network and every line of CPU years above, spread evenly over the cores."
_GPU = ("GPU years: of one such device with one clip at a time; workers and days on CPU cores do "
        "not apply to it.")  # fmt: skip


@dataclass(frozen=True)
class Amount:
    """So much video, in clips of one length."""

    hours: float
    fps: float  # frames a second
    clip: float  # seconds
    cores: int  # that work at once

    def __post_init__(self) -> None:
        given = (
            f"{self.hours:g} hours at {self.fps:g} frames a second in clips of {self.clip:g} s on "
            f"{self.cores} cores"
        )
        if not math.isfinite(self.frames * self.length):
            raise UsageError(f"{given}: expected finite numbers: lower --hours, --fps or --clip")
        if min(self.hours, self.fps, self.clip, self.cores) <= 0 or self.length < 2:
            raise UsageError(
                f"{given}: nothing to do; expected numbers above 0, and clips of at least two "
                "frames: raise --hours, --fps, --clip or --cores"
            )

    @property
    def frames(self) -> float:
        """In all clips together."""
        return self.hours * HOUR * self.fps

    @property
    def clips(self) -> float:
        return self.hours * HOUR / self.clip

    @property
    def length(self) -> float:
        """Frames of a clip."""
        return self.clip * self.fps


def network_seconds(line: Line, first: float, amount: Amount) -> float:
    """Wall seconds of one worker for all clips: frame 0, then t = 1 to the end of each."""
    return amount.clips * (first + line.total(1, amount.length - 1))


def tables(evidence: Evidence, amount: Amount) -> list[Table]:
    """What does not depend on the memory, and what does.

    Raises:
        DataError: the store holds no speed or growth cell, or a number in another unit.
    """
    speed = choose(all_costs(evidence, "speed"))
    growth = choose(all_costs(evidence, "growth"), None if speed is None else speed.setting)
    if speed is None or growth is None:
        raise DataError(
            f"{evidence.folder}: no speed and growth of one setting; expected both: run 'vosbench "
            f"bench --harness speed,growth --store {evidence.folder}' first"
        )
    for costs in (speed, growth):
        _expect_units(costs.rows, evidence.folder)
    common = rates.common(evidence)
    return [_common_table(common, amount), _methods_table(speed, growth, common, amount)]


def _common_table(common: list[rates.Rate], amount: Amount) -> Table:
    rows: list[Row] = []
    for rate in common:
        row: Row = {"what": rate.what, "where": rate.where}
        if rate.value is not None and rate.unit == "s":
            years = rate.value * amount.frames / YEAR
            row |= {"each": f"{significant(1e3 * rate.value)} ms of CPU",
                    "all": f"{significant(years)} CPU years"}  # fmt: skip
        elif rate.value is not None:
            row |= {"each": f"{significant(rate.value / 1e3)} kB",
                    "all": f"{significant(rate.value * amount.frames / 1e12)} TB"}  # fmt: skip
        rows.append(row)
    columns = [Column("what", "What", text=True), Column("each", "Each frame", text=True),
               Column("all", f"{amount.hours:,.0f} hours", text=True),
               Column("where", "Measured", text=True)]  # fmt: skip
    title = (
        f"{amount.hours:,.0f} hours at {amount.fps:g} frames a second: {amount.frames:,.0f} frames "
        f"in {amount.clips:,.0f} clips of {amount.clip:g} s; any memory"
    )
    return Table("plan", title, columns, rows)


def _methods_table(speed: Costs, growth: Costs, common: list[rates.Rate], amount: Amount) -> Table:
    beside = sum(rate.value or 0.0 for rate in common if rate.unit == "s") * amount.frames
    on_cpu = speed.setting.device.startswith("cpu")
    unit = "CPU years" if on_cpu else "GPU years"
    rows: list[Row] = []
    unclear: list[str] = []
    for label in speed.labels:
        state = state_line(growth, label)
        lines = None if state is None else frame_lines(speed, label, until=state.until)
        first, threads = (speed.at(label, m, None) for m in ("first_frame_seconds", "threads"))
        if state is None or lines is None or first is None or threads is None:
            continue
        wall, *ends = (network_seconds(line, first, amount) for line in lines)
        used = threads if on_cpu else 1.0  # a GPU's own seconds, whatever the host does beside
        rows.append({
            "method": label, "frame": 1e3 * wall / amount.frames, "network": wall * used / YEAR,
            "days": (wall * used + beside) / amount.cores / DAY if on_cpu else None,
            "workers": amount.cores / used if on_cpu else None,
            "clip": state.at(amount.length - 1) / 2**20,
            "hour": state.at(HOUR * amount.fps - 1) / 2**20,
        })  # fmt: skip
        if _unclear(lines, measured=max(speed.times(label)), last=amount.length - 1):
            low, high = (significant(x * used / YEAR) for x in ends)
            unclear.append(f"{label}: the growth of its read is within noise of 0; by its 95 % "
                           f"interval the network takes {low} to {high} {unit}.")  # fmt: skip
    notes = [
        f"Speed: {speed.setting.describe()}.",
        f"Times were measured to t = {_last(speed)}, bytes to t = {_last(growth)}; a memory that "
        "grows goes on along its straight line, one of bounded size until it is full. The slope of "
        "its read is the measured one, never below 0 nor above proportion to t.",
        *unclear, _ALL if on_cpu else _GPU,
    ]  # fmt: skip
    return Table("plan_methods", "By memory", _columns(amount, unit), rows, notes)


def _columns(amount: Amount, unit: str) -> list[Column]:
    return [
        Column("method", "Method", text=True),
        Column("frame", "A frame", "ms"),
        Column("network", "Network", unit),
        Column("workers", f"Workers on {amount.cores} cores", show=lambda x: f"{x:g}"),
        Column("days", "All of it there", "days"),
        Column("clip", f"State after {amount.clip:g} s", "MiB an object"),
        Column("hour", "State after an hour in one clip", "MiB an object"),
    ]


def _unclear(lines: FrameLines, *, measured: float, last: float) -> bool:
    """Whether a sum to the last t goes beyond what was measured, along a slope that may be none."""
    return min(lines.likely.until, last) > measured and lines.least.slope == 0


def _last(costs: Costs) -> int:
    """The largest t that any method was measured at."""
    return max(t for label in costs.labels for t in costs.times(label))


def _expect_units(rows: pd.DataFrame, folder: Path) -> None:
    for metric, unit in _UNITS.items():
        found = set(rows[rows.metric == metric].unit.astype(str)) - {unit}
        if found:
            raise DataError(
                f"{folder}: {metric} in {sorted(found)[0]}; expected {unit}: measure it again into "
                "a new --store"
            )
