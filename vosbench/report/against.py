"""What moved between two stores, and which change is more than noise.

    J&F          paired over the sequences that both stores have: 95 % interval, p
    counts       multiply-adds, parameters, bytes: exact, so that 1 % is a change
    frame time   ratio of medians; under SAME_SPEED either way is noise, and the machine must agree

A pair is compared only where everything but the machine (for times: with the machine), the
weights and the code is equal: data set, protocol, preset, size, precision.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from vosbench.metrics import paired
from vosbench.report.costs import Costs, all_costs
from vosbench.report.evidence import Evidence, load
from vosbench.report.formats import percent, probability, signed_percent, significant
from vosbench.report.ratios import SAME_SPEED
from vosbench.report.runs import Run
from vosbench.report.scores import Scores, all_scores
from vosbench.report.settings import Setting
from vosbench.report.tabular import Column, Row, Table
from vosbench.results.cell import short_side

Measured = TypeVar("Measured", Scores, Costs)
COUNT_CHANGE = 1.01  # ratio from which on an exact count has changed
COUNTS: dict[str, dict[str, tuple[str, float]]] = {  # metric -> unit, divisor
    "flops": {"parameters": ("M", 1e6), "read_macs": ("G MAC", 1e9), "write_macs": ("G MAC", 1e9)},
    "growth": {"state_bytes": ("MiB", 2**20), "read_temporary_bytes": ("MiB", 2**20)},
}
COLUMNS = (
    Column("method", "Method", text=True), Column("metric", "Measure", text=True),
    Column("setting", "Setting", text=True), Column("old", "Before", text=True),
    Column("new", "Now", text=True), Column("change", "Change", text=True),
    Column("verdict", "Verdict", text=True),
)  # fmt: skip


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

    @property
    def row(self) -> Row:
        return {**vars(self), "verdict": self.verdict or "no change beyond noise"}


@dataclass(frozen=True)
class Comparison:
    """Every number that both stores have, and what only the old one has."""

    old: Path
    moves: tuple[Move, ...]
    gone: tuple[str, ...]

    @property
    def worse(self) -> bool:
        """Whether something got worse by more than noise, or is not measured any more."""
        return bool(self.gone) or any(move.verdict == "worse" for move in self.moves)

    @property
    def table(self) -> Table:
        """Changes first, then what stayed."""
        order = {"worse": 0, "better": 1, "": 2}
        moves = sorted(self.moves, key=lambda move: order[move.verdict])
        notes = [
            "J&F: 95 % interval of a paired bootstrap over common sequences; a change has an "
            "uncorrected p of 0.05 or less (paired t-test), whatever the interval says. Counts are "
            "exact: from 1 % on they changed. Times: on one machine, and only a ratio above "
            f"{SAME_SPEED} is a change.",
            *(f"Not measured any more: {name}." for name in self.gone),
        ]
        return Table("against", f"Against {self.old}", COLUMNS, [m.row for m in moves], notes)


def against(new: Evidence, old_folder: Path) -> Comparison:
    """Compare a store with an older one.

    Raises:
        DataError: there is no store in the old folder.
    """
    old = load(old_folder)
    moves, gone = [], []
    for before in all_scores(old):
        now = _like(before.setting, all_scores(new))
        kept = {run.label for run in now.runs} if now else set()
        lost = {run.label for run in before.runs} - kept
        gone += [f"{label}: J&F on {before.setting.dataset}" for label in sorted(lost)]
        moves += list(_accuracy(before, now)) if now else []
    for harness in ("flops", "growth", "speed"):
        here, found = all_costs(new, harness), all_costs(old, harness)
        for costs in found:
            fitting = _like(costs.setting, here)
            moves += list(_costs(costs, fitting)) if fitting else []
            there = [fitting] if fitting else _elsewhere(costs, here)
            lost = set(costs.labels) - {label for one in there for label in one.labels}
            where = f"{harness} at {costs.setting.size}"
            gone += [f"{label}: {where}" for label in sorted(lost)]
    return Comparison(old_folder, tuple(moves), tuple(dict.fromkeys(gone)))


def _elsewhere(costs: Costs, here: list[Costs]) -> list[Costs]:
    """Times of another machine cannot be compared, but they are there."""
    if costs.setting.harness != "speed":
        return []
    return [one for one in here if _anywhere(one.setting) == _anywhere(costs.setting)]


def _like(setting: Setting, found: list[Measured]) -> Measured | None:
    """What was measured in the same setting; only a clock asks for the same machine."""
    wanted = _key(setting)
    return next((one for one in found if _key(one.setting) == wanted), None)


def _key(setting: Setting) -> Setting:
    return setting if setting.harness == "speed" else _anywhere(setting)


def _anywhere(setting: Setting) -> Setting:
    """The setting without its machine; of accuracy, whose frames differ, with their short side."""
    size = setting.size if setting.harness != "accuracy" else str(short_side(setting.size))
    device = setting.device.split(":")[0]
    return replace(setting, machine="", device_name="", device=device, size=size)


def _accuracy(old: Scores, new: Scores) -> Iterator[Move]:
    for before in old.runs:
        for now in _runs(new, before):
            columns = old.per_sequence[before.name], new.per_sequence[now.name]
            both = pd.concat(columns, axis=1, join="inner").dropna()
            if both.empty:
                continue
            a, b = both.to_numpy().T
            weights = new.weights[both.index].to_numpy()
            d = paired(b, a, weights=weights)
            told = f"{signed_percent(d.difference)} ({signed_percent(d.low)} to "
            told += f"{signed_percent(d.high)}, uncorrected p {probability(d.p)})"
            verdict = ("better" if d.difference > 0 else "worse") if d.clear else ""
            was, is_ = (percent(np.average(x, weights=weights)) for x in (a, b))
            yield Move(now.title, "J&F (%)", old.setting.dataset, was, is_, told, verdict)


def _runs(scores: Scores, like: Run) -> list[Run]:
    """The run of the same label: with the same weights where it has several."""
    same = [run for run in scores.runs if run.label == like.label]
    exact = [run for run in same if run.weights == like.weights]
    return exact or (same if len(same) == 1 else [])


def _costs(old: Costs, new: Costs) -> Iterator[Move]:
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
