"""The best run against every other, with intervals."""

from __future__ import annotations

from vosbench.report.formats import probability, signed_percent, whole
from vosbench.report.scores import Scores
from vosbench.report.tabular import Column, Row, Table


def table(scores: Scores, name: str) -> Table | None:
    """The best run against every other, paired over sequences."""
    ranked = sorted(scores.ranked(), key=lambda run: run.swapped)  # stable: swapped come last
    found = [scores.compare(ranked[0], other) for other in ranked[1:]]
    rows: list[Row] = [
        {
            "first": d.first.title, "second": d.second.title, "difference": d.mean, "low": d.low,
            "high": d.high, "sequences": d.sequences,
            "p": d.p, "clear": "yes" if d.clear else "no",
        }
        for d in found if d is not None
    ]  # fmt: skip
    if not rows:
        return None
    notes = (
        f"Difference of the means over {scores.over}. 95 % percentile interval of a paired "
        "bootstrap over sequences, 10 000 draws, seed 0: too narrow below some 20 sequences, so "
        "that p decides, of a paired t-test. More than noise: p of 0.05 or less.",
    )
    return Table(name, "Differences in J&F", COMPARISON_COLUMNS, rows, notes)


COMPARISON_COLUMNS = (
    Column("first", "Method", text=True), Column("second", "against", text=True),
    Column("difference", "J&F difference", "points", signed_percent),
    Column("low", "from", "points", signed_percent), Column("high", "to", "points", signed_percent),
    Column("sequences", "Sequences", show=whole), Column("p", "p", show=probability),
    Column("clear", "More than noise", text=True),
)  # fmt: skip
