"""Parquet holds the numbers that the other forms show."""

import pandas as pd
import pytest

from tests.report.fabricated import fabricate
from tests.report.readers import csv_rows
from vosbench.report.evidence import load
from vosbench.report.page import render
from vosbench.report.sections import build
from vosbench.report.tabular import MISSING


def texts(column, value, as_printed):
    """A paper's number is shown with the digits it was printed with, if it is that number."""
    if pd.isna(value):
        return MISSING
    if isinstance(as_printed, str) and not column.text:
        assert value == float(as_printed)
        return as_printed
    return column.format(value)


def test_every_parquet_table_shown_as_the_page_shows_it_is_the_csv(tmp_path):
    pytest.importorskip("pyarrow")
    fabricate(tmp_path / "store", sequences=2, frames=5, harnesses=("accuracy", "flops", "table1"))
    fabricate(tmp_path / "store", ("only",), sequences=2, frames=5, harnesses=("accuracy",))
    out = render(tmp_path / "store", tmp_path / "out").parent
    tables = build(load(tmp_path / "store"), tmp_path).tables
    assert len(tables) > 5
    for table in tables:
        frame = pd.read_parquet(out / "tables" / f"{table.name}.parquet")
        shown = [
            [texts(column, value, as_printed) for column, value, as_printed in
             zip(table.columns, row, (table.rows[i].get(c.key) for c in table.columns),
                 strict=True)]
            for i, row in enumerate(frame.itertuples(index=False))
        ]  # fmt: skip
        csv = (out / "tables" / f"{table.name}.csv").read_text(encoding="utf-8")
        assert shown == csv_rows(csv), table.name
        kinds = {c.header: "string" if c.text else "float64" for c in table.columns}
        assert {name: str(kind) for name, kind in frame.dtypes.items()} == kinds
