"""How a state grows and where a method ends: what the harness fitted, or a line through points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from vosbench.metrics import power
from vosbench.report.costs import Costs
from vosbench.report.formats import with_prefix
from vosbench.report.settings import Setting

_EXPONENT = "state_growth_exponent"
_BECAUSE = "ends_because:"
INTERVAL = "how far the points are from one power of t, which is no confidence interval"
Curve = tuple[str, np.ndarray, np.ndarray]  # label, t, values


class Exponent(NamedTuple):
    """The b of a state that grows as t^b; without an interval where the harness left none."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def interval(self) -> str | None:
        """As "0.98..1.02", or None."""
        if self.low is None or self.high is None:
            return None
        return f"{exponent_text(self.low)}..{exponent_text(self.high)}"

    @property
    def text(self) -> str:
        """For a legend.

        >>> Exponent(1, 0.98, 1.02).text, Exponent(-0.001).text
        ('1.00 (0.98..1.02)', '0.00')
        """
        inner = f" ({self.interval})" if self.interval else ""
        return exponent_text(self.value) + inner


def exponent_text(value: float) -> str:
    """Two decimals, never "-0.00"."""
    return f"{round(value, 2) + 0.0:.2f}"


def state_exponent(costs: Costs, label: str) -> Exponent | None:
    """The harness's own fit where it left one; else one of the same kind."""
    known = costs.whole(label)
    if _EXPONENT in known:
        ends = (known.get(f"{_EXPONENT}_{end}") for end in ("low", "high"))
        return Exponent(known[_EXPONENT], *ends)
    return fitted(*costs.series(label, "state_bytes"))


def short_fits(curves: Iterable[Curve]) -> list[str]:
    """A sentence on the fits that go over less than a decade of t; none where all have one.

    >>> short_fits([("stm", np.array([1, 2, 4]), np.array([5, 9, 13]))])
    ['Less than a decade of t was there for stm (t = 1 to 4).']
    """
    found = []
    for label, t, amount in curves:
        used = t[power.of_last_decade(t, amount)]
        if len(used) > 2 and used.max() < 10 * used.min():
            found.append(f"{label} (t = {used.min():.0f} to {used.max():.0f})")
    return [f"Less than a decade of t was there for {', '.join(found)}."] if found else []


def fitted(t: np.ndarray, amount: np.ndarray) -> Exponent | None:
    """The exponent over the last decade of t, see `power.last_decade`."""
    found = power.last_decade(t, amount)
    return None if found is None else Exponent(*found)


def endings(*found: Costs | None) -> list[str]:
    """A sentence for each limit that methods could not pass, the earliest first.

    "stm ends at t = 840 in 4 GiB." where it would have passed the limit that was set.

    Args:
        found: what was measured; of a setting unlike the first, what differs is named.
    """
    ends: dict[str, set[tuple[int, str]]] = {}
    measured = [costs for costs in found if costs]
    for costs in measured:
        where = _apart(costs.setting, measured[0].setting)
        for label in costs.labels:
            known = costs.whole(label)
            if "ends_at_t" in known:
                reason = f"{_reason(known)}{where}"
                ends.setdefault(reason, set()).add((int(known["ends_at_t"]), label))
    said = []
    for reason, pairs in sorted(ends.items(), key=lambda item: min(item[1])):
        (t, label), *later = sorted(pairs)
        also = "".join(f", {other} at t = {end}" for end, other in later)
        said.append(f"{label} ends at t = {t}{also} {reason}.")
    return said


def _apart(setting: Setting, first: Setting) -> str:
    """In brackets, what sets a setting apart from the first, its protocol left out."""
    differs = replace(setting, protocol="").describe(first)
    return f" ({differs})" if differs else ""


def _reason(known: dict[str, float]) -> str:
    because = next((m.removeprefix(_BECAUSE) for m in known if m.startswith(_BECAUSE)), "")
    limit = known.get("memory_limit_bytes")
    within = f"in {with_prefix(limit, 'B').replace('.00 ', ' ')}" if limit else ""
    if because == "memory limit" and within:
        return within
    return " ".join(filter(None, (within, f"({because or 'reason not noted'})")))
