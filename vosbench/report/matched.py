"""Runs in equal room: what was matched, the cap, what each method takes of it, who is left out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from vosbench.report.evidence import Evidence
from vosbench.report.formats import counted, significant, with_prefix
from vosbench.report.tabular import Column, Row, Table
from vosbench.results import canonical

ABOUT = (
    "Memories were capped to one budget before the run, each by a parameter of its own. What does "
    "not fit was not run."
)
_PLACE = ["dataset", "preset", "size", "protocol"]  # of a room; the protocol is the option as typed
_SET = "set "  # then the parameter that bounds the method
_NOUNS = {"byte": "state", "MAC": "read"}
_SCALES = {"byte": (2**10, "KiB"), "MAC": (1e6, "M MAC")}
_NOTES = {
    "byte": "Bytes that live between frames, at most, at any frame of a video; all objects, "
    "float32, by the method's formula",
    "MAC": "Multiply-adds of a read (1 MAC = 2 FLOPs), at most, at any frame of a video; all "
    "objects, by the method's formula",
}


@dataclass(frozen=True)
class Share:
    """What one method takes."""

    label: str
    method: str
    parameters: str  # as JSON
    unit: str
    numbers: dict[str, float]

    @property
    def uncapped(self) -> tuple[str, str]:
        """The method and the parameters that were not set to fit."""
        given = json.loads(self.parameters)
        return self.method, canonical({k: v for k, v in given.items() if k != self.tried})

    @property
    def tried(self) -> str:
        """The parameter that was set; "" where the method names none."""
        return next((m.removeprefix(_SET) for m in self.numbers if m.startswith(_SET)), "")

    @property
    def setting(self) -> str:
        if not self.tried:
            return "nothing to set"
        return f"{self.tried} = {self.numbers[_SET + self.tried]:.0f}"

    @property
    def left_out(self) -> str:
        """Why the method is left out; "" where it is not."""
        if self.numbers["fits"]:
            return ""
        return f"no value of {self.tried} fits" if self.tried else (
            f"no parameter bounds its {_NOUNS[self.unit]} alone"
        )  # fmt: skip

    @property
    def alone(self) -> str:
        """In which videos no read sees a frame but the first; "" for none."""
        alone, videos = (self.numbers[name] for name in ("first_frame_alone", "videos"))
        if self.left_out or not alone:
            return ""
        return "keeps only the first frame" + (
            "" if alone == videos else f" of {alone:.0f} of {videos:.0f} videos"
        )

    @property
    def row(self) -> Row:
        taken, limit = self.numbers["taken"], self.numbers["limit"]
        size = _SCALES[self.unit][0]
        verdict = f"left out: {self.left_out}" if self.left_out else self.alone or "fits"
        return {"method": self.label, "set": self.setting, "taken": taken / size,
                "limit": limit / size, "verdict": verdict}  # fmt: skip


@dataclass(frozen=True)
class Room:
    """All methods of one budget on the same data."""

    option: str  # as typed: "--match-state 2MiB"
    where: str
    shares: Sequence[Share]  # methods by name, those left out last

    @property
    def unit(self) -> str:
        return self.shares[0].unit

    @property
    def sentence(self) -> str:
        """What is equal, up to which cap, and who is left out."""
        caps = sorted({share.numbers["limit"] for share in self.shares})
        cap = " to ".join(_amount(x, self.unit) for x in dict.fromkeys((caps[0], caps[-1])))
        out = ", ".join(f"{s.label} ({s.left_out})" for s in self.shares if s.left_out)
        said = f"Equal {_NOUNS[self.unit]} ({self.option}): at most {cap} each on {self.where}"
        return f"{said}. Left out: {out}." if out else f"{said}; no method is left out."

    def table(self, name: str) -> Table:
        unit = _SCALES[self.unit][1]
        columns = (
            Column("method", "Method", text=True), Column("set", "Set to fit", text=True),
            Column("taken", "Takes", unit, significant), Column("limit", "Cap", unit, significant),
            Column("verdict", "Outcome", text=True),
        )  # fmt: skip
        notes = (
            f"{_NOTES[self.unit]}; takes and cap are of the video where the cap is nearest.",
            "A memory that grows has its frames written as often as fits, without the previous "
            "one besides; what has nothing to set may be 1 % over the cap.",
        )
        title = f"Equal {_NOUNS[self.unit]} on {self.where}: {self.option}"
        return Table(name, title, columns, [share.row for share in self.shares], notes)


def rooms(evidence: Evidence) -> list[Room]:
    """One for each budget, data, frame size and number of videos; none in a store without.

    A method that was set to fit once more, on other videos, is in the later room alone: numbers of
    both runs lie in the store, and the videos are all that the records tell them apart by.
    """
    latest = {(place, share.uncapped): share for place, share in _written(evidence.matched)}
    found: dict[tuple[tuple[str, ...], int], list[Share]] = {}
    for (place, _), share in latest.items():
        found.setdefault((place, int(share.numbers["videos"])), []).append(share)
    return [_room(*key, found[key]) for key in sorted(found)]


def _written(rows: pd.DataFrame) -> Iterator[tuple[tuple[str, ...], Share]]:
    """Every share with its place, in the order in which they were written."""
    names = [*_PLACE, "label", "method", "parameters"]
    for values, part in rows.astype(dict.fromkeys(names, str)).groupby(names, sort=False):
        numbers = dict(zip(part.metric.astype(str), part.value, strict=True))
        unit = str(part.unit[part.metric == "taken"].iloc[0])
        *place, label, method, parameters = values
        yield tuple(place), Share(label, method, parameters, unit, numbers)


def _room(place: tuple[str, ...], videos: int, shares: list[Share]) -> Room:
    dataset, preset, side, option = place
    where = f"{dataset} (preset {preset}, short side {side}, {counted(videos, 'video')})"
    return Room(option, where, sorted(shares, key=lambda s: (bool(s.left_out), s.label)))


def tables(found: list[Room]) -> list[Table]:
    """One for each room."""
    return [room.table(f"room-{i + 1}" if i else "room") for i, room in enumerate(found)]


def warnings(found: list[Room]) -> list[str]:
    """Which memories became a first frame by being capped."""
    return [
        f"{share.label} {share.alone} on {room.where}: no second one fits ({room.option})."
        for room in found
        for share in room.shares
        if share.alone
    ]


def _amount(value: float, unit: str) -> str:
    return with_prefix(value, "B" if unit == "byte" else "multiply-adds")
