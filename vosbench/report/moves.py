"""The numbers of two stores side by side, each with its change and whether that is noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vosbench.metrics import paired
from vosbench.report.costs import Costs
from vosbench.report.formats import counted, percent, probability, signed_percent, significant
from vosbench.report.ratios import SAME_SPEED
from vosbench.report.runs import Run
from vosbench.report.scores import Scores
from vosbench.report.settings import donor
from vosbench.report.tabular import Row

COUNT_CHANGE = 1.01  # ratio from which on an exact count has changed
COUNTS: dict[str, dict[str, tuple[str, float]]] = {  # metric -> unit, divisor
    "flops": {"parameters": ("M", 1e6), "read_macs": ("G MAC", 1e9), "write_macs": ("G MAC", 1e9)},
    "growth": {"state_bytes": ("MiB", 2**20), "read_temporary_bytes": ("MiB", 2**20)},
}


@dataclass(frozen=True)
class Move:
    """One number in both stores. `verdict`: better, worse, or "" where it is noise or the same."""

    method: str
    metric: str
    setting: str
    old: str
    new: str
    change: str
    verdict: str
    pairs: str = ""  # sequences that an accuracy is compared over; a cost has none

    @property
    def row(self) -> Row:
        return {**vars(self), "verdict": self.verdict or "no change beyond noise"}


def of_scores(old: Scores, new: Scores) -> Iterator[Move | str]:
    """J&F of each old run beside that of the new one: a move, or a sentence why there is none.

    A run of a `kind` that is not there any more is left out: it is gone.
    """
    for before in old.runs:
        found = [run for run in new.runs if kind(run) == kind(before)]
        exact = [run for run in found if run.weights == before.weights]
        what = f"{before.title}: J&F on {old.setting.dataset}"
        if exact or len(found) == 1:
            yield _accuracy(old, new, before, (exact or found)[0]) or (
                f"{what}: no sequence in common"
            )
        elif found:
            yield f"{what}: {len(found)} weights of that name now, none of them the same"


def kind(run: Run) -> tuple[str, str]:
    """What a run is, whatever its digest: the method, and whose weights it has if not its own."""
    return run.label, donor(run.weights)


def _accuracy(old: Scores, new: Scores, before: Run, now: Run) -> Move | None:
    """Paired over the sequences that both have; None without any."""
    columns = (old.per_sequence[before.name].dropna(), new.per_sequence[now.name].dropna())
    both, either = (columns[0].index.join(columns[1].index, how=x) for x in ("inner", "outer"))
    if both.empty:
        return None
    a, b = (column[both].to_numpy() for column in columns)
    weights = new.weights[both].to_numpy()
    d = paired(b, a, weights=weights)
    told = f"{signed_percent(d.difference)} ({signed_percent(d.low)} to "
    told += f"{signed_percent(d.high)}, uncorrected p {probability(d.p)})"
    verdict = ("better" if d.difference > 0 else "worse") if d.clear else ""
    was, is_ = (percent(np.average(x, weights=weights)) for x in (a, b))
    pairs = counted(len(either), "sequence")
    if len(both) < len(either):
        pairs = f"{len(both)} of {pairs}"
    return Move(now.title, "J&F (%)", old.setting.dataset, was, is_, told, verdict, pairs)


def of_costs(old: Costs, new: Costs) -> Iterator[Move]:
    """Counts, or times, of every method that both have."""
    where = f"{old.setting.size} {old.setting.protocol[:24]}".strip()
    for label in sorted(set(old.labels) & set(new.labels)):
        for metric, (unit, scale) in COUNTS.get(old.setting.harness, {}).items():
            t = _common_t(old, new, label, metric)
            yield from _ratio(old, new, label, metric, t, unit, scale, COUNT_CHANGE, where)
        if old.setting.harness == "speed":
            yield from _ratio(
                old, new, label, "frame_seconds_p50", None, "ms", 1e-3, SAME_SPEED, where
            )


def _common_t(old: Costs, new: Costs, label: str, metric: str) -> int | None:
    both = set(old.series(label, metric)[0]) & set(new.series(label, metric)[0])
    return int(max(both)) if both else None


def _ratio(
    old: Costs, new: Costs, label: str, metric: str, t: int | None, unit: str, scale: float,
    limit: float, where: str,
) -> Iterator[Move]:  # fmt: skip
    """One number that is better when lower."""
    a, b = old.at(label, metric, t), new.at(label, metric, t)
    if a is None or b is None:
        return
    at = f" at t = {t}" if t is not None else ""
    moved = max(a, b) > limit * min(a, b)
    yield Move(
        label, f"{metric.replace('_', ' ')}{at} ({unit})", where, significant(a / scale),
        significant(b / scale), f"x {significant(b / a)}" if a else "from 0" if b else "0",
        ("better" if b < a else "worse") if moved else "",
    )  # fmt: skip
