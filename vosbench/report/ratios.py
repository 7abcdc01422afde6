"""Frame times of methods that took turns: their ratio with its interval, and the noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from vosbench.report.costs import Costs
from vosbench.report.formats import significant
from vosbench.report.tabular import Column, Row, Table

SAME_SPEED = 1.25  # rounds of one method on a shared machine differ by as much: the rule where no
# ratio with an interval was measured
_RATIO = "frame_seconds_ratio "  # then the name of the method compared with


class Ratio(NamedTuple):
    """How many times as long a frame takes one method as the other, with its 95 % interval."""

    method: str
    against: str
    value: float
    low: float | None
    high: float | None

    @property
    def clear(self) -> bool:
        """Whether there is an interval and it leaves 1 out."""
        return self.low is not None and self.high is not None and not self.low <= 1 <= self.high

    @property
    def half(self) -> float:
        """Half of the interval's width, in logarithms; 0 without one."""
        return math.log(self.high / self.low) / 2 if self.low and self.high else 0.0

    @property
    def inverse(self) -> Ratio:
        """The other method's time over this one's."""
        low, high = (None if x is None else 1 / x for x in (self.high, self.low))
        return Ratio(self.against, self.method, 1 / self.value, low, high)


def ratios(speed: Costs) -> list[Ratio]:
    """Every ratio that was measured, the fastest method first."""
    found = []
    for label in speed.labels:
        known = speed.whole(label)
        for metric in (m for m in known if m.startswith(_RATIO)):
            other = metric.removeprefix(_RATIO)
            low, high = (known.get(f"frame_seconds_ratio_{e} {other}") for e in ("low", "high"))
            found.append(Ratio(label, _as_label(other), known[metric], low, high))
    return sorted(found, key=lambda ratio: (ratio.against, ratio.value))


def _as_label(name: str) -> str:
    """A method as the harness names it, in the report's spelling (see `evidence.label`).

    >>> _as_label("gc"), _as_label("stm:every=1,top_k=20")
    ('gc', 'stm(every=1, top_k=20)')
    """
    method, colon, given = name.partition(":")
    return f"{method}({given.replace(',', ', ')})" if colon else name


def between(speed: Costs | None, one: str, two: str) -> Ratio | None:
    """Seconds of `one` over seconds of `two` with an interval, or None: neither did they take turns
    as a pair, for more than one round, nor both with a third.

    By way of a third the ratio is the quotient of two, and the halves of their intervals, in
    logarithms, add up as independent errors do.
    """
    pairs: dict[tuple[str, str], Ratio] = {}
    for ratio in ratios(speed) if speed else ():
        if ratio.low is not None and ratio.high is not None:
            pairs[ratio.against, ratio.method] = ratio.inverse
            pairs[ratio.method, ratio.against] = ratio
    if (one, two) in pairs:
        return pairs[one, two]
    for third in sorted({against for _, against in pairs}):
        if (one, third) in pairs and (two, third) in pairs:
            a, b = pairs[one, third], pairs[two, third]
            value, error = a.value / b.value, math.exp(math.hypot(a.half, b.half))
            return Ratio(one, two, value, value / error, value * error)
    return None


def times_as_fast(speed: Costs, one: str, two: str) -> float | None:
    """How many times as fast as `two` `one` is, or None where that is not clear of noise.

    By the interval of their ratio, be it by way of a third, or, where they did not take turns, by
    frames per second that are further apart than SAME_SPEED and than the machine's own noise.
    """
    paired = between(speed, one, two)
    if paired is not None:
        return 1 / paired.value if paired.clear else None
    rates = [speed.at(label, "fps", None) for label in (one, two)]
    if not rates[0] or not rates[1]:
        return None
    ratio = rates[0] / rates[1]
    return ratio if _apart(speed, ratio, one, two) else None


def ahead(speed: Costs, one: str, two: str) -> bool:
    """Whether `one` is faster than `two` by more than noise."""
    return (times_as_fast(speed, one, two) or 0) > 1


def _apart(speed: Costs, ratio: float, one: str, two: str) -> bool:
    noise = max(speed.at(x, "noise_ratio", None) or 1 for x in (one, two))
    return max(ratio, 1 / ratio) > max(SAME_SPEED, noise)


def leads(speed: Costs, among: Sequence[str]) -> bool:
    """Whether the lead of the fastest method over each other of some is more than noise."""
    rates = {x: fps for x in among if (fps := speed.at(x, "fps", None))}
    fastest = max(rates, key=lambda label: rates[label], default=None)
    return fastest is not None and all(
        ahead(speed, fastest, other) for other in rates if other != fastest
    )


def nearest_roof(speed: Costs, among: Sequence[str]) -> bool:
    """Whether the one nearest to its roofline is so by more than noise: both are seconds too."""
    over = {x: ratio for x in among if (ratio := speed.at(x, "roofline_ratio", None))}
    best = min(over, key=lambda label: over[label], default=None)
    return best is not None and all(
        _apart(speed, over[x] / over[best], best, x) for x in over if x != best
    )


def sentences(speed: Costs | None, most: int = 3) -> list[str]:
    """The largest of the clear ratios in words."""
    clear = [r for r in (ratios(speed) if speed else ()) if r.clear]
    clear.sort(key=lambda r: -max(r.value, 1 / r.value))
    return [
        f"A frame takes {r.method} {significant(r.value)} times as long as {r.against}, "
        f"95 % interval {significant(r.low or 0)} to {significant(r.high or 0)}."
        for r in clear[:most]
    ]


def table(speed: Costs | None, name: str) -> Table | None:
    """Every ratio with its interval, and how noisy the machine was."""
    rows: list[Row] = [
        {
            "method": r.method, "against": r.against, "ratio": r.value, "low": r.low,
            "high": r.high, "clear": _verdict(r),
            "noise": speed.whole(r.method).get("noise_ratio") if speed else None,
        }
        for r in (ratios(speed) if speed else ())
    ]  # fmt: skip
    if not rows:
        return None
    notes = (
        "Seconds per frame of the method / of the other, which took turns side by side; above 1 "
        "the method is slower. 95 % interval of the mean log ratio over turns.",
        _NOISE,
    )
    return Table(name, "Differences in frame time", COLUMNS, rows, notes)


COLUMNS = (
    Column("method", "Method", text=True), Column("against", "against", text=True),
    Column("ratio", "Time ratio"), Column("low", "from"), Column("high", "to"),
    Column("clear", "Clear of noise", text=True), Column("noise", "Machine noise"),
)  # fmt: skip
_NOISE = (
    "Machine noise: how much the time of one fixed piece of work varied while this was timed; 1 is "
    "a quiet machine."
)


def _verdict(ratio: Ratio) -> str:
    if ratio.low is None or ratio.high is None:
        return "not known: one round"
    return "yes" if ratio.clear else "no: the interval holds 1"


def noise_note(speed: Costs | None) -> str:
    """One sentence beside the frames per second; empty where noise was not measured."""
    known = [speed.whole(label).get("noise_ratio") for label in speed.labels] if speed else []
    found = [x for x in known if x is not None]
    if not found:
        return ""
    low, high = significant(min(found)), significant(max(found))
    span = low if low == high else f"{low} to {high}"
    return f"Noise of the machine while frames were timed: {span} (1 is quiet)."
