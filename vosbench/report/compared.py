"""The best run against every other, and each against no memory, with intervals."""

from __future__ import annotations

from vosbench.report import control
from vosbench.report.formats import probability, signed_percent, whole
from vosbench.report.runs import Difference
from vosbench.report.scores import Scores
from vosbench.report.tabular import Column, Row, Table


def table(scores: Scores, name: str) -> Table | None:
    """The best run against every other, paired over sequences."""
    note = (
        f"Difference of the means over {scores.over}. 95 % percentile interval of a paired "
        "bootstrap over sequences, 10 000 draws, seed 0: too narrow below some 20 sequences, so "
        "that p decides, of a paired t-test. p is of all pairs of methods at once (Holm), as the "
        "best was found by looking; untrained methods are no part of it where others are trained, "
        "and swapped ones of their own rows alone. Clear of noise: p of 0.05 or less."
    )
    return _table(name, "Differences in J&F", scores.against_best, "Holm-corrected p", note)


def added(scores: Scores, name: str) -> Table | None:
    """Every run against no memory on its weights."""
    found = [d for run in scores.runs if (d := control.added(scores, run)) is not None]
    note = "As above, but each p is of its own row: that a memory adds something is one question."
    return _table(name, "What the memory adds to J&F", found, "Uncorrected p", note)


def _table(name: str, title: str, differences: list[Difference], p: str, note: str) -> Table | None:
    rows: list[Row] = [
        {
            "first": d.first.title, "second": d.second.title, "difference": d.mean, "low": d.low,
            "high": d.high, "sequences": d.sequences,
            "p": d.p, "clear": "yes" if d.clear else "no: p above 0.05",
        }
        for d in differences
    ]  # fmt: skip
    return Table(name, title, _columns(p), rows, (note,)) if rows else None


def _columns(p: str) -> tuple[Column, ...]:
    return (
        Column("first", "Method", text=True), Column("second", "against", text=True),
        Column("difference", "J&F difference", "points", signed_percent),
        Column("low", "from", "points", signed_percent),
        Column("high", "to", "points", signed_percent),
        Column("sequences", "Sequences", show=whole), Column("p", p, show=probability),
        Column("clear", "Clear of noise", text=True),
    )  # fmt: skip
