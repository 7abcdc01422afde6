"""Records as pandas tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields

import numpy as np
import pandas as pd

from vosbench.results.cell import Cell
from vosbench.results.environment import STAMP_FIELDS
from vosbench.results.lines import Record

CELL_FIELDS = tuple(field.name for field in fields(Cell))
_NUMBERS = ("objects", "seed")  # cell fields that are numbers, not names


def tidy_table(records: Iterable[Record]) -> pd.DataFrame:
    """One line per number.

    Columns: every cell field, every stamp field (`environment.STAMP_FIELDS`), then object and t
    (Int64, missing where the number has none), metric, value (float64), unit. Names are categories:
    half a million rows fit in a few tens of megabytes.
    """
    kept = list(records)
    table = _repeated(kept, [len(record.rows) for record in kept])
    rows = [row for record in kept for row in record.rows]
    table["object"] = pd.array([row.object for row in rows], dtype="Int64")
    table["t"] = pd.array([row.t for row in rows], dtype="Int64")
    table["metric"] = pd.Categorical([row.metric for row in rows])
    table["value"] = np.array([row.value for row in rows], dtype=np.float64)
    table["unit"] = pd.Categorical([row.unit for row in rows])
    return table


def failure_table(records: Iterable[Record]) -> pd.DataFrame:
    """One line per failed cell: every cell field, every stamp field, error, traceback."""
    kept = list(records)
    table = _repeated(kept, [1] * len(kept))
    table["error"] = [record.error for record in kept]
    table["traceback"] = [record.traceback for record in kept]
    return table


def _repeated(records: list[Record], counts: list[int]) -> pd.DataFrame:
    """The fields of cells and stamps, each repeated as often as its record has rows."""
    index = np.repeat(np.arange(len(records)), counts)
    cells = [asdict(record.cell) for record in records]
    columns: dict[str, object] = {}
    for name in CELL_FIELDS:
        columns[name] = _column(name, [cell[name] for cell in cells], index)
    for name in STAMP_FIELDS:
        stamps = [str(record.stamp.get(name, "unknown")) for record in records]
        columns[name] = _column(name, stamps, index)
    return pd.DataFrame(columns)


def _column(name: str, values: Sequence[object], index: np.ndarray) -> object:
    if name in _NUMBERS:
        return np.array(values, dtype=np.int64)[index]
    return pd.Categorical(list(values), categories=sorted({str(v) for v in values})).take(index)
