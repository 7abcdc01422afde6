"""Table 2 of the GC paper, what a context's size buys and costs, and ours beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pandas as pd

from vosbench.report.costs import Beside, Costs, choose
from vosbench.report.formats import counted, mega, percent
from vosbench.report.paper import PUBLISHED_DATA, by_label, differences, published
from vosbench.report.runs import Run
from vosbench.report.scores import Scores
from vosbench.report.settings import weights_text
from vosbench.report.tabular import Column, Row, Table

PRESET = "paper"  # the network that the paper's numbers are of
_WIDTHS = {"value_dim": 512, "key_dim": 128}  # of it, where a record names none


def table(costs: dict[str, list[Costs]], scored: Sequence[tuple[Scores, Beside]]) -> Table | None:
    """Parameters, J&F and time per frame of each of the paper's contexts, as far as measured.

    Args:
        costs: harness -> what was measured of it, by setting.
        scored: accuracy settings with the costs beside each. Of several, the paper's own data
            stands before other data.
    """
    ours = [pair for pair in scored if pair[0].setting.preset == PRESET and _runs(pair[0])]
    ours.sort(key=lambda pair: pair[0].setting.dataset != PUBLISHED_DATA)  # stable
    scores, beside = ours[0] if ours else (None, None)
    flops = _of_gc(costs["flops"])  # of any setting: parameters are the same in all
    speed = beside.speed if beside and beside.speed else choose(_of_gc(costs["speed"]))
    rows = [_row(paper, scores, flops, speed) for paper in published("paper_table2.csv")]
    if not any(row.get(key) is not None for row in rows for key in ("M", "J&F", "s")):
        return None
    columns = [c for c in COLUMNS if c.key in _PAPER or any(r.get(c.key) is not None for r in rows)]
    return Table(
        "table2", "Table 2 of the GC paper, and ours", columns, rows, _notes(scores, speed)
    )


def _notes(scores: Scores | None, speed: Costs | None) -> list[str]:
    notes = ["Paper: DAVIS 2016 val."]
    if scores is not None:
        count = len(scores.sequences)
        notes.append(f"Our J&F: {counted(count, 'sequence')}; {scores.setting.describe()}.")
        if scores.setting.dataset == PUBLISHED_DATA:
            notes.append(differences(scores.setting, count))
        else:
            notes.append(f"Other data than the paper's: no J&F of {PUBLISHED_DATA} was measured.")
    if speed is not None:
        notes.append(f"Our time: 1 / FPS; {speed.setting.describe()}.")
    return notes


_PAPER = ("context", "paper_M", "paper_J&F", "paper_s")  # ours is shown where it was measured
COLUMNS = (
    Column("context", "Context", text=True),
    Column("paper_M", "Paper: parameters", "M"),
    Column("M", "Ours: parameters", "M", mega),
    Column("paper_J&F", "Paper: J&F", "%"),
    Column("J&F", "Ours: J&F", "%", percent),
    Column("weights", "Our weights", text=True),
    Column("paper_s", "Paper: time", "s/frame"),
    Column("s", "Ours: time", "s/frame"),
)


def _row(
    paper: dict[str, str], scores: Scores | None, flops: list[Costs], speed: Costs | None
) -> Row:
    context = paper["context"]
    row: Row = {
        "context": context, "paper_M": paper["parameters_millions"], "paper_J&F": paper["J&F"],
        "paper_s": paper["seconds_per_frame"],
    }  # fmt: skip
    for costs in flops:
        row["M"] = _at(costs, context, "parameters") or row.get("M")
    fps = _at(speed, context, "fps")
    row["s"] = 1 / fps if fps else None
    if scores and (run := _runs(scores).get(context)):
        row |= {"J&F": scores.total(run)["J&F"], "weights": weights_text(run.weights)}
    return row


def _runs(scores: Scores) -> dict[str, Run]:
    """Context -> the run that has it, of those that may stand beside a paper's."""
    ours, labels = by_label(scores), _labels(scores.frames)
    return {context: ours[label] for context, label in labels.items() if label in ours}


def _at(costs: Costs | None, context: str, metric: str) -> float | None:
    label = _labels(costs.rows).get(context) if costs else None
    return costs.at(label, metric, None) if costs and label else None


def _of_gc(found: list[Costs]) -> list[Costs]:
    return [c for c in found if c.setting.preset == PRESET and _labels(c.rows)]


def _labels(rows: pd.DataFrame) -> dict[str, str]:
    """Context as the paper writes it, value x key -> label of GC that has it and is else as it is.

    Records may name a width that is the preset's own.
    """
    mine = rows[rows.method == "gc"][["label", "parameters"]].astype(str).drop_duplicates()
    found = {}
    for label, parameters in mine.itertuples(index=False):
        widths = _WIDTHS | json.loads(parameters)
        if len(widths) == len(_WIDTHS):
            found["{value_dim}x{key_dim}".format(**widths)] = label
    return found
