"""The same model by the clocks of published work: how far a clock alone moves a frame rate."""

from __future__ import annotations

from collections.abc import Iterator

from vosbench.report.costs import Costs
from vosbench.report.formats import milli
from vosbench.report.tabular import Column, Row, Table

_SECONDS, _RATIO = "clock_seconds_", "clock_ratio_"
_FRAMES = "clock_sequence_frames"
_NAMES = {"stcn": "STCN", "xmem": "XMem", "cutie": "Cutie", "aot": "AOT", "sam2": "SAM 2"}


def table(speed: Costs | None, name: str) -> Table | None:
    """A line per method and clock, or None without any: ours and theirs over the same passes."""
    rows = [row for label in speed.labels for row in _rows(speed, label)] if speed else []
    if speed is None or not rows:
        return None
    frame_0 = _frame_0({speed.whole(str(row["method"])).get(_FRAMES) for row in rows})
    notes = (
        "ms per frame of one network on one machine: by the clock that this page uses, and by the "
        "stages, frame 0, precision and objects of each project's evaluation code, over the same "
        "passes. A ratio below 1: that clock makes the same model look faster. XMem asks for mixed "
        "precision, SAM 2 for bfloat16 and one object: a run that had others is timed at theirs "
        "too, right beside its own first turns, and the ratio is of all that together. "
        f"{frame_0} The frames per second above are those of the best round of each t.",
        "Not emulated: a cold start inside the timed region (STCN, XMem, Cutie and AOT do not warm "
        "up), compilation where the run itself is not compiled (SAM 2), and frames that overlap "
        "where a clock synchronises less often than ours.",
        f"{speed.setting.describe()}.",
    )
    return Table(name, "The same model by other clocks", COLUMNS, rows, notes)


def _frame_0(frames: set[float | None]) -> str:
    """How much frame 0 is of a mean; earlier versions did not note it: it varied."""
    told = "one of the frames that were timed, which are fewer at another precision"
    if len(frames) == 1 and (number := frames.pop()):
        told = f"1 of {number:.0f} frames, about a sequence of DAVIS"
    return f"Frame 0, where their clock counts it, is {told}."


def _rows(speed: Costs, label: str) -> Iterator[Row]:
    known = speed.whole(label)
    clocks = {m.removeprefix(_SECONDS) for m in known if m.startswith(_SECONDS)}
    for clock in [*(c for c in _NAMES if c in clocks), *sorted(clocks - set(_NAMES))]:
        theirs, ratio = known[_SECONDS + clock], known.get(_RATIO + clock)
        yield {
            "method": label, "clock": _NAMES.get(clock, clock), "theirs": theirs, "ratio": ratio,
            "ours": theirs / ratio if ratio else None,
        }  # fmt: skip


COLUMNS = (
    Column("method", "Method", text=True), Column("clock", "Clock of", text=True),
    Column("ours", "By our clock", "ms", milli), Column("theirs", "By theirs", "ms", milli),
    Column("ratio", "Theirs / ours", "", lambda x: f"{x:.2f}"),
)  # fmt: skip
