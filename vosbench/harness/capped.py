"""A method in equal room: what it is capped to, what it takes of that, and its Record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from vosbench.data import Dataset
from vosbench.harness.defaults import differing
from vosbench.harness.room import STATE, Measure
from vosbench.harness.settings import Settings
from vosbench.harness.subject import parse
from vosbench.model.network import preset
from vosbench.results import Cell, Row, canonical

MATCHED = "matched"  # harness name of a method's share of a budget


class Capped(NamedTuple):
    """A method with its cap, as a user would type it, and what it takes of the budget in the video
    where that is most.
    """

    text: str
    taken: int
    limit: int
    fits: bool
    tried: str  # the parameter that was set, or "" where the method names none
    measure: Measure = STATE
    budget: str = ""  # as typed: an amount, or the method whose own it is
    alone: int = 0  # videos in which every read sees the first frame and no other
    videos: int = 0  # of the run

    @property
    def amount(self) -> str:
        size, unit = self.measure.unit
        if self.limit < size / 10:  # it would be shown as 0.0 or 0.1
            return f"{self.taken} of {self.limit} {self.measure.stored}s"
        return f"{self.taken / size:.1f} of {self.limit / size:.1f} {unit}"

    def __str__(self) -> str:
        said = f"{self.text}: {self.amount}"
        if self.fits and self.alone:
            where = "" if self.alone == self.videos else f" of {self.alone} of {self.videos} videos"
            return f"{said}; warning: it keeps only the first frame{where}, no second one fits"
        if self.fits:
            return said + (", within 1 %" if self.taken > self.limit else "")
        why = f"no value of {self.tried} fits" if self.tried else (
            f"it names no parameter that bounds its {self.measure.noun} alone; set its parameters "
            "by hand"
        )  # fmt: skip
        return f"{said}; left out: {why}"

    def record(self, settings: Settings, datasets: Sequence[Dataset]) -> tuple[Cell, list[Row]]:
        """The cell and its rows: `taken` and `limit` in bytes or multiply-adds, whether it `fits`,
        the value of the parameter that was set, and of how many `videos` it keeps the
        `first_frame_alone`.
        """
        method, given = parse(self.text)
        cell = Cell(
            harness=MATCHED, method=method, preset=settings.preset,
            parameters=canonical(differing(method, given, settings)),
            dataset=", ".join(dataset.name for dataset in datasets),
            size=str(settings.short_side or preset(settings.preset).short_side),
            protocol=f"{self.measure.option} {self.budget}",
        )  # fmt: skip
        unit = self.measure.stored
        numbers = {"taken": (self.taken, unit), "limit": (self.limit, unit),
                   "fits": (self.fits, "1"), "videos": (self.videos, "1"),
                   "first_frame_alone": (self.alone, "1")}  # fmt: skip
        if self.tried in given:
            numbers[f"set {self.tried}"] = (int(given[self.tried]), "1")
        rows = [Row(None, None, name, float(x), of) for name, (x, of) in numbers.items()]
        return cell, rows
