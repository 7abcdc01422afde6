"""The results table of a setting: accuracy beside cost, every column of one kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vosbench.report import control, notes, ratios, uncounted
from vosbench.report.costs import Beside, Costs
from vosbench.report.formats import giga, mebi, mega, milli, percent, signed_percent, significant
from vosbench.report.growing import exponent_text, state_exponent
from vosbench.report.runs import Run, competing
from vosbench.report.scores import AFTER_RETURN, SCORE_COLUMNS, Scores
from vosbench.report.settings import weights_text
from vosbench.report.tabular import Column, Row, Table


def results(scores: Scores | None, beside: Beside, name: str, title: str) -> Table:
    """One line per method, from all harnesses that fit the setting."""
    columns = [Column("method", "Method", text=True)]
    unranked = _unranked(scores.runs) if scores else frozenset()
    ranked = [x for x in beside.labels if not _out(x, scores, unranked)]
    if scores is not None:
        columns += _score_columns(scores)
    columns += _speed_columns(beside.speed, ranked)
    columns += _flops_columns(beside.flops) + _growth_columns(beside.growth)
    if scores is not None:
        columns += _detail_columns(scores)
    rows = [_row(scores, run, run.label, beside) for run in scores.runs] if scores else []
    with_scores = {run.label for run in scores.runs} if scores else set()
    rows += [_row(None, None, x, beside) for x in beside.labels if x not in with_scores]
    return Table(name, title, columns, rows, notes.below(scores, beside, ranked), unranked)


def _unranked(runs: Sequence[Run]) -> frozenset[int]:
    """Lines that no bold goes to: what does not compete, and swapped weights where they do."""
    rivals = competing(runs)
    return frozenset(i for i, run in enumerate(runs) if run.swapped or run not in rivals)


def _out(label: str, scores: Scores | None, unranked: frozenset[int]) -> bool:
    """Whether a method was run with weights that do not compete alone."""
    places = {i for i, run in enumerate(scores.runs) if run.label == label} if scores else set()
    return bool(places) and places <= unranked


def _score_columns(scores: Scores) -> list[Column]:
    """What a narrow screen shows first."""
    best = "high" if _ready(scores) else ""
    columns = [Column("J&F", "J&F", "%", percent, best=best)]
    if control.any_added(scores):
        columns.append(Column("over_none", "Over none", "points", signed_percent))
    if not _whole(scores):
        columns.append(Column("sequences", "Sequences", text=True))
    return columns


def _detail_columns(scores: Scores) -> list[Column]:
    """J and F apart, J where objects come back, and the weights that they are of."""
    columns = []
    for key in SCORE_COLUMNS:
        metric, statistic = key.split("_")
        best = ("low" if statistic == "decay" else "high") if _ready(scores) else ""
        columns.append(Column(key, f"{metric} {statistic}", "%", percent, best=best))
    if scores.returning:
        best = "high" if _ready(scores) else ""
        columns.append(Column(AFTER_RETURN, "J after return", "%", percent, best=best))
    return [*columns, Column("weights", "Weights", text=True)]


def _whole(scores: Scores) -> bool:
    return len(scores.ranked()) == len(scores.runs)


def _ready(scores: Scores) -> bool:
    """Nothing is set in bold where weights are untrained or sequences are missing."""
    return _whole(scores) and not all(run.untrained for run in scores.runs if not run.swapped)


def _flops_columns(costs: Costs | None) -> list[Column]:
    if costs is None:
        return []
    t = costs.common_t
    low = "" if uncounted.notes(costs) else "low"  # a 0 that leaves products out wins nothing
    return [
        Column("parameters", "Parameters", "M", mega, best="low"),
        Column("read_macs", f"Read at t = {t}", "G MAC", giga, best=low),
        Column("frame_macs", f"Mean frame at t = {t}", "G MAC", giga, best=low),
    ]


def _growth_columns(costs: Costs | None) -> list[Column]:
    if costs is None:
        return []
    t = costs.common_t
    fits = [fit for label in costs.labels if (fit := state_exponent(costs, label))]
    interval = [Column("state_interval", "t^ from..to (lack of fit)", text=True)]
    return [
        Column("state_bytes", f"State at t = {t}", "MiB", mebi, best="low"),
        Column("state_exponent", "State grows as t^", "", exponent_text, best="low"),
        *(interval if any(fit.interval for fit in fits) else []),
        Column("temporary_bytes", f"Temporary at t = {t}", "MiB", mebi, best="low"),
    ]


def _speed_columns(costs: Costs | None, ranked: Sequence[str]) -> list[Column]:
    if costs is None:
        return []
    nearest = "low" if ratios.nearest_roof(costs, ranked) else ""
    roofline = [Column("roofline", "Over roofline", "", significant, best=nearest)]
    any_roofline = any("roofline_ratio" in costs.whole(label) for label in costs.labels)
    high, low = ("high", "low") if ratios.leads(costs, ranked) else ("", "")
    return [
        Column("fps", "FPS", "1/s", significant, best=high),
        *([Column("writes", "Writes", text=True)] if costs.writes else []),
        Column("p90", "Frame p90", "ms", milli, best=low),
        *(roofline if any_roofline else []),
    ]


def _row(scores: Scores | None, run: Run | None, label: str, beside: Beside) -> Row:
    row: Row = {"method": run.name if run else label}
    if scores is not None and run is not None:
        count = f"{scores.covered(run)} of {len(scores.sequences)}"
        row |= {"weights": weights_text(run.weights), "sequences": count, **scores.total(run)}
        row["over_none"] = control.gain(scores, run)
    return row | costs_of(label, beside)


def costs_of(label: str, beside: Beside) -> Row:
    """Every cost of one method that was measured."""
    row: Row = {}
    if (flops := beside.flops) is not None:
        t, frame = flops.common_t, flops.whole_frame(label)
        at_t = frame[1][frame[0] == t] if t is not None else np.empty(0)
        row["parameters"] = flops.at(label, "parameters", None)
        row["read_macs"] = None if t is None else flops.at(label, "read_macs", t)
        row["frame_macs"] = float(at_t[0]) if at_t.size else None
    if (growth := beside.growth) is not None and (t := growth.common_t) is not None:
        row["state_bytes"] = growth.at(label, "state_bytes", t)
        if (fit := state_exponent(growth, label)) is not None:
            row |= {"state_exponent": fit.value, "state_interval": fit.interval}
        row["temporary_bytes"] = growth.at(label, "read_temporary_bytes", t)
    if (speed := beside.speed) is not None:
        row["fps"] = speed.at(label, "fps", None)
        row["writes"] = speed.writes.get(label)
        row["p90"] = speed.at(label, "frame_seconds_p90", None)
        row["roofline"] = speed.at(label, "roofline_ratio", None)
    return row
