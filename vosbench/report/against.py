"""What moved between two stores, and which change is more than noise.

    J&F          paired over the sequences that both stores have: 95 % interval, p
    counts       multiply-adds, parameters, bytes: exact, so that 1 % is a change
    frame time   ratio of medians; under SAME_SPEED either way is noise, and the machine must agree

A pair is compared only where everything but the machine (for times: with the machine), the
weights and the code is equal: data set, protocol, preset, size, precision, and whose weights they
are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from vosbench.report.costs import Costs, all_costs
from vosbench.report.evidence import Evidence, load
from vosbench.report.moves import Move, kind, of_costs, of_scores
from vosbench.report.ratios import SAME_SPEED
from vosbench.report.scores import Scores, all_scores
from vosbench.report.settings import Setting, weights_text
from vosbench.report.tabular import Column, Table
from vosbench.results.cell import short_side

Measured = TypeVar("Measured", Scores, Costs)
COLUMNS = (
    Column("method", "Method", text=True), Column("metric", "Measure", text=True),
    Column("setting", "Setting", text=True), Column("old", "Before", text=True),
    Column("new", "Now", text=True), Column("change", "Change", text=True),
    Column("pairs", "Over", text=True), Column("verdict", "Verdict", text=True),
)  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """Every number that both stores have, and what only the old one has."""

    old: Path
    moves: tuple[Move, ...]
    gone: tuple[str, ...]
    apart: tuple[str, ...] = ()  # what both have and no number compares, and why

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
            *(f"Not compared: {reason}." for reason in self.apart),
        ]
        return Table("against", f"Against {self.old}", COLUMNS, [m.row for m in moves], notes)


def against(new: Evidence, old_folder: Path) -> Comparison:
    """Compare a store with an older one.

    Raises:
        DataError: there is no store in the old folder.
    """
    old = load(old_folder)
    found: list[Move | str] = []
    gone: list[str] = []
    for before in all_scores(old):
        now = _like(before.setting, all_scores(new))
        gone += _lost(before, now)
        found += of_scores(before, now) if now else []
    for harness in ("flops", "growth", "speed"):
        here = all_costs(new, harness)
        for costs in all_costs(old, harness):
            fitting = _like(costs.setting, here)
            found += of_costs(costs, fitting) if fitting else []
            there = set(fitting.labels) if fitting else set()
            elsewhere = set() if fitting else _elsewhere(costs, here)
            where = f"{harness} at {costs.setting.size}"
            gone += [f"{x}: {where}" for x in costs.labels if x not in there | elsewhere]
            found += [
                f"{x}: {where}: timed on another machine" for x in costs.labels if x in elsewhere
            ]
    moves = tuple(x for x in found if isinstance(x, Move))
    apart = (x for x in found if isinstance(x, str))
    return Comparison(old_folder, moves, *(tuple(dict.fromkeys(x)) for x in (gone, apart)))


def _lost(before: Scores, now: Scores | None) -> list[str]:
    """Methods on weights of one origin that are not there any more, whatever the digest."""
    kept = {kind(run) for run in now.runs} if now else set()
    return [
        f"{run.label}{f' ({weights_text(run.weights)})' if run.swapped else ''}: "
        f"J&F on {before.setting.dataset}"
        for run in sorted(before.runs, key=kind)
        if kind(run) not in kept
    ]


def _elsewhere(costs: Costs, here: list[Costs]) -> set[str]:
    """Methods timed on another machine: their times cannot be compared, but they are there."""
    if costs.setting.harness != "speed":
        return set()
    wanted, near = _timed(costs.setting), _hardware(costs.setting)
    far = (one for one in here if _hardware(one.setting) != near)
    return {label for one in far if _timed(one.setting) == wanted for label in one.labels}


def _hardware(setting: Setting) -> tuple[str, str, str]:
    return setting.machine, setting.device, setting.device_name


def _timed(setting: Setting) -> Setting:
    """A clock's setting on any machine: how many threads torch takes there is the machine's own."""
    protocol = re.sub(r"\d+ (?=CPU threads)", "", setting.protocol)
    return replace(_anywhere(setting), protocol=protocol)


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
