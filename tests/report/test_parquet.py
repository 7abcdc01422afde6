"""Parquet holds the numbers that the other forms show, in the unit of their header."""

import pandas as pd
import pytest

from tests.report.fabricated import fabricate
from tests.report.readers import csv_rows
from vosbench.report.evidence import load
from vosbench.report.page import render
from vosbench.report.sections import build
from vosbench.report.tabular import MISSING


def agree(value, text):
    """Whether a text shows a value: rounded to its digits, or as a bound; a dash shows none."""
    if isinstance(value, str) or pd.isna(value):
        return text == (MISSING if pd.isna(value) else value)
    if text.startswith("<"):
        return value < float(text[1:])
    half = 0.5 * 10.0 ** -len(text.partition(".")[2])
    return abs(value - float(text)) <= half * (1 + 1e-6)


def test_every_parquet_number_is_the_one_the_csv_shows_under_the_same_header(tmp_path):
    pytest.importorskip("pyarrow")
    fabricate(tmp_path / "store", sequences=2, frames=5, harnesses=("accuracy", "flops", "table1"))
    fabricate(tmp_path / "store", ("only",), sequences=2, frames=5, harnesses=("accuracy",))
    out = render(tmp_path / "store", tmp_path / "out").parent
    tables = build(load(tmp_path / "store"), tmp_path).tables
    assert len(tables) > 5
    for table in tables:
        frame = pd.read_parquet(out / "tables" / f"{table.name}.parquet")
        csv = csv_rows((out / "tables" / f"{table.name}.csv").read_text(encoding="utf-8"))
        assert len(frame) == len(csv)
        for values, texts in zip(frame.itertuples(index=False), csv, strict=True):
            for name, value, text in zip(frame.columns, values, texts, strict=True):
                assert agree(value, text), (table.name, name, value, text)
        kinds = {c.header: "string" if c.text else "float64" for c in table.columns}
        assert {name: str(kind) for name, kind in frame.dtypes.items()} == kinds
