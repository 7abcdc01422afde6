"""A table that is the same in HTML, Markdown, CSV and LaTeX: every value is formatted once."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandas as pd

Value = float | int | str | None
Row = dict[str, Value]

MISSING = "–"  # noqa: RUF001  (a dash says "not measured": no cell is ever invented)


def significant(value: float, digits: int = 3) -> str:
    """A number with so many significant digits, never in exponent notation.

    >>> significant(0.037748736), significant(21.23), significant(1234.5), significant(0.0)
    ('0.0377', '21.2', '1234', '0')
    """
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{decimals}f}"


def probability(p: float) -> str:
    """A p-value with two significant digits.

    >>> probability(0.0703), probability(1e-9), probability(1.0)
    ('0.070', '<0.001', '1.0')
    """
    return "<0.001" if p < 0.001 else significant(p, 2)


def percent(value: float) -> str:
    """A share of 0..1 as the field writes it: 0.7142 is 71.4.

    >>> percent(0.7142)
    '71.4'
    """
    return f"{100 * value:.1f}"


def signed_percent(value: float) -> str:
    """As `percent`, with its sign: a difference.

    >>> signed_percent(0.012), signed_percent(-0.012)
    ('+1.2', '-1.2')
    """
    return f"{100 * value:+.1f}"


def whole(value: float) -> str:
    """An integer."""
    return f"{value:.0f}"


def counted(number: int, thing: str) -> str:
    """A number of things in words.

    >>> counted(1, "sequence"), counted(6, "sequence")
    ('1 sequence', '6 sequences')
    """
    return f"{number} {thing}{'' if number == 1 else 's'}"


def giga(value: float) -> str:
    """In units of 1e9."""
    return significant(value / 1e9)


def mega(value: float) -> str:
    """In units of 1e6, one decimal."""
    return f"{value / 1e6:.1f}"


def mebi(value: float) -> str:
    """Bytes in MiB."""
    return significant(value / 2**20)


def with_prefix(value: float, unit: str) -> str:
    """A count or a number of bytes with the prefix that suits its size, for running text.

    >>> with_prefix(3.32e6, "multiply-adds"), with_prefix(2.12e10, "multiply-adds")
    ('3.32 M multiply-adds', '21.2 G multiply-adds')
    >>> with_prefix(32768, "B"), with_prefix(0, "B"), with_prefix(17.5, "frames per second")
    ('32.0 KiB', '0 B', '17.5 frames per second')
    """
    steps = _BINARY if unit == "B" else _DECIMAL
    size, prefix = next((step for step in steps if value >= step[0]), (1.0, ""))
    return f"{significant(value / size)} {prefix}{'' if unit == 'B' or not prefix else ' '}{unit}"


_DECIMAL = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_BINARY = ((2.0**30, "Gi"), (2.0**20, "Mi"), (2.0**10, "Ki"))


def milli(value: float) -> str:
    """Seconds in ms."""
    return significant(1e3 * value)


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
    """Values as they are, not as they are shown, with the CSV's headers: what Parquet holds."""
    columns = {
        c.header: [None if c.format(row.get(c.key)) == MISSING else row.get(c.key)
                   for row in table.rows]
        for c in table.columns
    }  # fmt: skip
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
