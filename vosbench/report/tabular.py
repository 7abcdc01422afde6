"""A table that is the same in HTML, Markdown, CSV and LaTeX: every value is formatted once."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from vosbench.report.formats import Scaled, significant

Value = float | int | str | None
Row = dict[str, Value]

MISSING = "–"  # noqa: RUF001  (a dash says "not measured": no cell is ever invented)


@dataclass(frozen=True)
class Column:
    """One column: `show` formats its numbers, texts pass as they are."""

    key: str
    title: str
    unit: str = ""
    show: Callable[[float], str] = significant
    text: bool = False
    best: str = ""  # "high" or "low": which number is set in bold; "" for none

    @property
    def header(self) -> str:
        """Title and unit in one line."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def format(self, value: Value) -> str:
        """The text shown for a value; a missing one is a dash."""
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return MISSING
        return value if isinstance(value, str) else self.show(value)

    def in_unit(self, value: Value) -> Value:
        """A number in the header's unit, not rounded; a text as it is, a missing one as None."""
        if self.format(value) == MISSING:
            return None
        if value is None or isinstance(value, str) or not isinstance(self.show, Scaled):
            return value
        return self.show.of(value)


@dataclass(frozen=True)
class Table:
    """Columns of one kind each: one protocol, data set, preset, size and machine per column."""

    name: str  # file stem
    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    notes: Sequence[str] = field(default_factory=tuple)
    unranked: frozenset[int] = frozenset()  # lines that take part in no comparison

    def texts(self) -> list[list[str]]:
        """Every cell as text, row by row: what all four forms show."""
        return [[c.format(row.get(c.key)) for c in self.columns] for row in self.rows]

    def best(self) -> set[tuple[int, str]]:
        """(row, column key) of the best numbers, where there are at least two to compare."""
        found = set()
        for column in (c for c in self.columns if c.best):
            shown = [(i, _number(column, row)) for i, row in enumerate(self.rows)]
            numbers = [(i, x) for i, x in shown if x is not None and i not in self.unranked]
            if len({x for _, x in numbers}) > 1:
                top = (max if column.best == "high" else min)(x for _, x in numbers)
                found |= {(i, column.key) for i, x in numbers if x == top}
        return found


def _number(column: Column, row: Row) -> float | None:
    """A value as shown, so that two that look equal are both the best."""
    value = row.get(column.key)
    if value is None or isinstance(value, str) or math.isnan(value):
        return None
    return float(column.show(value))


def to_csv(table: Table) -> str:
    """Header line and rows, RFC 4180; a missing value is an empty field."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.header for column in table.columns])
    for row in table.texts():
        writer.writerow(["" if text == MISSING else text for text in row])
    return out.getvalue()


def to_frame(table: Table) -> pd.DataFrame:
    """Values in the unit of their header, not rounded, with the CSV's headers: for Parquet."""
    columns = {c.header: [c.in_unit(row.get(c.key)) for row in table.rows] for c in table.columns}
    kinds = {c.header: "string" if c.text else "float64" for c in table.columns}
    return pd.DataFrame(columns).astype(kinds)


def to_markdown(table: Table) -> str:
    """A GitHub table with its title above and its notes below."""
    head = [_md(column.header) for column in table.columns]
    rule = [":--" if column.text else "--:" for column in table.columns]
    body = [[_md(text) for text in row] for row in table.texts()]
    lines = [f"| {' | '.join(cells)} |" for cells in (head, rule, *body)]
    notes = [f"- {_md(note)}" for note in table.notes]
    return "\n".join([f"**{_md(table.title)}**", "", *lines, "", *notes]).rstrip() + "\n"


def to_latex(table: Table) -> str:
    """A booktabs table, for a document that loads the package booktabs."""
    kinds = "".join("l" if column.text else "r" for column in table.columns)
    head = " & ".join(_tex(column.header) for column in table.columns)
    body = [" & ".join(_tex(text) for text in row) + r" \\" for row in table.texts()]
    lines = [
        r"\begin{table}", r"\centering", rf"\caption{{{_tex(table.title)}}}",
        rf"\begin{{tabular}}{{{kinds}}}", r"\toprule", head + r" \\", r"\midrule",
        *body, r"\bottomrule", r"\end{tabular}", *(_comment(note) for note in table.notes),
        r"\end{table}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _md(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>|&$~#])", r"\\\1", " ".join(text.split()))


_TEX = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "–": "--", "×": r"$\times$",  # noqa: RUF001
    **{sign: "\\" + sign for sign in "&%$#_{}"},
}  # fmt: skip


def _tex(text: str) -> str:
    return "".join(_TEX.get(sign, sign) for sign in " ".join(text.split()))


def _comment(note: str) -> str:
    return rf"\par\footnotesize {_tex(note)}"
