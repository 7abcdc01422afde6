"""The append-only store: `records.jsonl`, one line per cell, there whole or not at all.

`journal` says how a line is written so that a kill tears at most the last one. Every reader skips a
torn or damaged line with a warning.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from vosbench.errors import DataError
from vosbench.results import environment, journal
from vosbench.results.cell import Cell, Row
from vosbench.results.folders import ensure_writable
from vosbench.results.lines import DamagedLineError, Failure, Record, decode, encode
from vosbench.results.lock import claim
from vosbench.results.tables import failure_table, tidy_table

RECORDS = "records.jsonl"
CLAIM = ".in-use"  # locked by the one run that measures into the folder


class DamagedRecordWarning(UserWarning):
    """A line of the store was skipped; the message names the file and the line."""


class _Place(NamedTuple):
    """Where the latest line of a cell is."""

    offset: int
    length: int
    error: str | None  # None for a measurement
    source: str  # digest of the measured code
    data: str  # fingerprint of the sequence it was measured on

    @property
    def failed(self) -> bool:
        return self.error is not None


class Store:
    """Measurements in a folder.

    Args:
        folder: made at the first append.
        stamp: the environment to note beside each cell, `environment.stamp()` if left out.
    """

    def __init__(self, folder: Path | str, stamp: Mapping[str, str] | None = None) -> None:
        self.folder = Path(folder)
        self.path = self.folder / RECORDS
        self.damaged: list[str] = []  # "line 7: check sum does not fit", as far as read
        self._stamp = stamp
        self._index: dict[str, _Place] = {}
        self._end = 0  # bytes read so far: always just behind a newline
        self._line = 0
        self._torn = -1  # where a torn last line starts that was warned of already

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """The right to measure into this folder: one run at a time, so that none measures twice.

        Appending and reading need no claim. It ends with the process that holds it, however that
        ends.

        Raises:
            DataError: another process holds the claim, or the folder cannot be written.
        """
        ensure_writable(self.folder, "--store")
        descriptor = os.open(self.folder / CLAIM, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if not claim(descriptor):
                raise DataError(
                    f"store {self.folder} is in use by another run; expected to be the only one: "
                    "wait for it, or name another folder with --store"
                )
            yield
        finally:
            os.close(descriptor)

    def append(
        self, cell: Cell, rows: Iterable[Row], stamp: Mapping[str, str] | None = None
    ) -> None:
        """Write a measured cell. The latest line of a cell replaces earlier ones for readers.

        Args:
            cell: what was measured.
            rows: its numbers.
            stamp: the environment it was measured in, where that is not this process.

        Raises:
            DataError: the folder cannot be written or the disk is full; nothing was added then.
        """
        journal.append(self.path, encode(cell, self._stamped(stamp), rows))

    def append_failure(
        self, cell: Cell, error: str, traceback: str = "", stamp: Mapping[str, str] | None = None
    ) -> None:
        """Write that a cell failed, and why, in one line. `has` stays false: it will be retried."""
        journal.append(self.path, encode(cell, self._stamped(stamp), Failure(error, traceback)))

    def has(self, cell: Cell, source: str | None = None, data: str | None = None) -> bool:
        """Whether the cell is measured: its latest line is whole and is not a failure.

        Args:
            cell: what was measured.
            source: digest of the method's code; a measurement of other code is stale and does not
                count. None takes any.
            data: fingerprint of the sequence, likewise.
        """
        place = self._refreshed().get(cell.identity())
        if place is None or place.failed:
            return False
        return source in (None, place.source) and data in (None, place.data)

    def failed(self, cell: Cell) -> bool:
        """Whether the cell's latest line is a failure."""
        return self.error(cell) is not None

    def error(self, cell: Cell) -> str | None:
        """Why the cell failed, if its latest line is a failure."""
        place = self._refreshed().get(cell.identity())
        return None if place is None else place.error

    def record(self, cell: Cell) -> Record | None:
        """What was last measured of a cell; None where nothing was, or it failed."""
        place = self._refreshed().get(cell.identity())
        return next(self._read([] if place is None or place.failed else [place]), None)

    def __len__(self) -> int:
        """Cells measured."""
        return sum(not place.failed for place in self._refreshed().values())

    def frame(self) -> pd.DataFrame:
        """All measured rows, tidy: one line per number, see `tables.tidy_table` for the columns."""
        return tidy_table(self._records(failed=False))

    def failures(self) -> pd.DataFrame:
        """One line per failed cell: the cell's fields, the stamp's, `error` and `traceback`."""
        return failure_table(self._records(failed=True))

    def cells(self) -> list[Cell]:
        """The measured cells in the order in which they were written."""
        return [record.cell for record in self._records(failed=False)]

    def _stamped(self, given: Mapping[str, str] | None) -> dict[str, str]:
        if given is None and self._stamp is None:
            self._stamp = environment.stamp()
        stamp = self._stamp if given is None else given
        return {"time": datetime.now(UTC).isoformat(timespec="seconds"), **(stamp or {})}

    def _refreshed(self) -> dict[str, _Place]:
        """The index, brought up to date with what this or other processes have appended."""
        if self._end and journal.size(self.path) < self._end:  # replaced meanwhile: read anew
            self._index, self._end, self._line, self._torn = {}, 0, 0, -1
            self.damaged.clear()
        for offset, line in self._new_lines():
            self._line += 1
            try:
                record = decode(line)
            except DamagedLineError as wrong:
                if offset != self._torn:  # warned of as torn, before another append closed it off
                    self._warn(f"line {self._line}: {wrong}")
                continue
            # Taken out first, so that the order of the index is the order of the latest lines.
            key = record.cell.identity()
            self._index.pop(key, None)
            made_of = (str(record.stamp.get(name, "unknown")) for name in ("source", "data"))
            self._index[key] = _Place(offset, len(line), record.error, *made_of)
        return self._index

    def _new_lines(self) -> Iterator[tuple[int, bytes]]:
        fresh = journal.read(self.path, self._end)
        *whole, rest = fresh.split(b"\n")
        if rest and self._torn != self._end + len(fresh) - len(rest):
            self._torn = self._end + len(fresh) - len(rest)
            self._warn(f"line {self._line + len(whole) + 1}: torn, its end was never written")
        for line in whole:
            offset, self._end = self._end, self._end + len(line) + 1
            yield offset, line

    def _records(self, *, failed: bool) -> Iterator[Record]:
        return self._read([p for p in self._refreshed().values() if p.failed == failed])

    def _read(self, places: Sequence[_Place]) -> Iterator[Record]:
        if places:
            with self.path.open("rb") as file:
                for place in places:
                    file.seek(place.offset)
                    yield decode(file.read(place.length))

    def _warn(self, what: str) -> None:
        self.damaged.append(what)
        warnings.warn(f"{self.path}, {what}; skipped", DamagedRecordWarning, stacklevel=2)
