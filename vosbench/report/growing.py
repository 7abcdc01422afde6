"""How a state grows and where a method ends: what the harness fitted, or a line through points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vosbench.metrics import power
from vosbench.report.costs import Costs
from vosbench.report.formats import with_prefix

_EXPONENT = "state_growth_exponent"
_BECAUSE = "ends_because:"


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


def fitted(t: np.ndarray, amount: np.ndarray) -> Exponent | None:
    """The exponent over the last decade of t, see `power.last_decade`."""
    found = power.last_decade(t, amount)
    return None if found is None else Exponent(*found)


def endings(costs: Costs) -> list[str]:
    """A sentence for each method that could not go on, the earliest first.

    "stm ends at t = 840 in 4 GiB." where it would have passed the limit that was set.
    """
    found = []
    for label in costs.labels:
        known = costs.whole(label)
        if "ends_at_t" in known:
            t = int(known["ends_at_t"])
            found.append((t, f"{label} ends at t = {t} {_reason(known)}."))
    return [sentence for _, sentence in sorted(found)]


def _reason(known: dict[str, float]) -> str:
    because = next((m.removeprefix(_BECAUSE) for m in known if m.startswith(_BECAUSE)), "")
    limit = known.get("memory_limit_bytes")
    within = f"in {with_prefix(limit, 'B').replace('.00 ', ' ')}" if limit else ""
    if because == "memory limit" and within:
        return within
    return " ".join(filter(None, (within, f"({because or 'reason not noted'})")))
