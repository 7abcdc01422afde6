"""One cell as one line of text that proves its own wholeness.

Line, here broken in two:
``{"format":1,"cell":{...},"stamp":{...},"rows":[[object,t,metric,value,unit],...],
"crc":"8 hex digits"}``, with ``"error":"..."`` and ``"traceback":"..."`` in the place of rows for a
failure. The check sum is the CRC-32 of every byte before ``,"crc"``. NaN is stored as null, which
keeps the file plain JSON.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from vosbench.errors import UsageError
from vosbench.results.cell import Cell, Row, checked

FORMAT = 1
_TAIL = len(',"crc":"00000000"}')


class Record(NamedTuple):
    """A line, read back."""

    cell: Cell
    stamp: dict[str, Any]
    rows: list[Row]
    error: str | None  # None for a measurement, one line of text for a failure
    traceback: str  # of a failure, as many lines as it takes; "" where there is none


class Failure(NamedTuple):
    """Why a cell could not be measured."""

    error: str  # one line
    traceback: str = ""


class DamagedLineError(ValueError):
    """The bytes are not a whole line of this store; the message says why."""


def encode(cell: Cell, stamp: Mapping[str, Any], rows: Iterable[Row] | Failure) -> bytes:
    """The line, its newline included, of a measurement (rows) or of a failure."""
    body: dict[str, Any] = {"format": FORMAT, "cell": asdict(cell), "stamp": dict(stamp)}
    if isinstance(rows, Failure):
        body["error"] = " ".join(rows.error.split()) or "unknown error"
        body["traceback"] = rows.traceback
    else:
        body["rows"] = [_packed(checked(row)) for row in rows]
    text = json.dumps(body, separators=(",", ":"), allow_nan=False).encode()[:-1]
    return text + b',"crc":"%08x"}\n' % zlib.crc32(text)


def decode(line: bytes) -> Record:
    """The record of a line without its newline.

    Raises:
        DamagedLineError: the check sum, the JSON or the fields are not right.
    """
    body = _verified(line)
    try:
        rows = [_unpacked(*row) for row in body.get("rows", [])]
        error = body["error"] if "rows" not in body else None
        traceback = str(body.get("traceback", ""))
        return Record(Cell(**body["cell"]), dict(body["stamp"]), rows, error, traceback)
    except (KeyError, TypeError, ValueError, UsageError) as wrong:
        raise DamagedLineError(f"fields do not fit: {wrong}") from wrong


def _verified(line: bytes) -> dict[str, Any]:
    text, tail = line[:-_TAIL], line[-_TAIL:]
    if tail != b',"crc":"%08x"}' % zlib.crc32(text):
        raise DamagedLineError("check sum does not fit")
    body: dict[str, Any] = json.loads(text + b"}")
    if body.get("format") != FORMAT:
        raise DamagedLineError(f"format {body.get('format')}, this vosbench reads {FORMAT}")
    return body


def _packed(row: Row) -> tuple[object, ...]:
    return row._replace(value=None) if math.isnan(row.value) else row  # type: ignore[arg-type]


def _unpacked(whole: int | None, t: int | None, metric: str, value: float | None, unit: str) -> Row:
    return Row(whole, t, metric, math.nan if value is None else float(value), unit)
