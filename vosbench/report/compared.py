"""The best run against every other, with intervals."""

from __future__ import annotations

from vosbench.report.formats import probability, signed_percent, whole
from vosbench.report.scores import Scores
from vosbench.report.tabular import Column, Row, Table


def table(scores: Scores, name: str) -> Table | None:
    """The best run against every other, paired over sequences."""
    rows: list[Row] = [
        {
            "first": d.first.title, "second": d.second.title, "difference": d.mean, "low": d.low,
            "high": d.high, "sequences": d.sequences,
            "p": d.p, "clear": "yes" if d.clear else "no",
        }
        for d in scores.against_best
    ]  # fmt: skip
    if not rows:
        return None
    notes = (
        f"Difference of the means over {scores.over}. 95 % percentile interval of a paired "
        "bootstrap over sequences, 10 000 draws, seed 0: too narrow below some 20 sequences, so "
        "that p decides, of a paired t-test. p is of all rows at once (Holm): the best of many is "
        "ahead by chance. More than noise: p of 0.05 or less.",
    )
    return Table(name, "Differences in J&F", COMPARISON_COLUMNS, rows, notes)


COMPARISON_COLUMNS = (
    Column("first", "Method", text=True), Column("second", "against", text=True),
    Column("difference", "J&F difference", "points", signed_percent),
    Column("low", "from", "points", signed_percent), Column("high", "to", "points", signed_percent),
    Column("sequences", "Sequences", show=whole), Column("p", "p", show=probability),
    Column("clear", "More than noise", text=True),
)  # fmt: skip
