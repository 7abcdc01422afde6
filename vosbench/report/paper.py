"""The papers' published numbers, and ours beside them with every difference said."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from typing import NamedTuple

from vosbench.report.costs import Costs
from vosbench.report.evidence import TABLE1, Evidence
from vosbench.report.formats import counted, giga, mebi, percent, whole
from vosbench.report.runs import Run
from vosbench.report.scores import Scores
from vosbench.report.settings import Setting, weights_text
from vosbench.report.tabular import Column, Row, Table

PUBLISHED_DATA = "davis2016"  # of the points that have a time
_DAVIS = {"davis2016": "DAVIS 2016 val", "davis2017": "DAVIS 2017 val"}
_SEQUENCES = {"davis2016": 20, "davis2017": 30}  # of the whole val sets


class Published(NamedTuple):
    """A point of the papers' tables with a time."""

    method: str
    seconds: float
    at_least: bool  # the paper says "more than"
    jf: float  # percent


@cache
def published(name: str) -> tuple[dict[str, str], ...]:
    """The lines of one of the package's files of published numbers."""
    text = resources.files("vosbench.report").joinpath(name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def published_points(
    accuracy: Setting, sequences: int, speed: Setting
) -> tuple[list[Published], str]:
    """The points for the speed-accuracy plot, with their source and how ours differ from them.

    On other data than theirs there are none: two data sets never share an axis.
    """
    if accuracy.dataset != PUBLISHED_DATA:
        return [], "The published points are of DAVIS 2016 and not drawn beside other data."
    rows = [row for row in published("published.csv") if row["J&F"] and row["seconds_per_frame"]]
    points = [
        Published(
            row["method"], float(row["seconds_per_frame"].lstrip(">")),
            row["seconds_per_frame"].startswith(">"), float(row["J&F"]),
        )
        for row in rows
    ]  # fmt: skip
    source = "Grey: DAVIS 2016 val, GC paper table 3 (GC and STM: ResNet-50, one Tesla P40, 480p)"
    return points, f"{source}. {differences(accuracy, sequences, speed)}"


def differences(accuracy: Setting, sequences: int, speed: Setting | None = None) -> str:
    """In words, what sets ours apart from the published numbers on the same data set.

    Args:
        accuracy: setting of ours.
        sequences: how many of ours there are.
        speed: setting of our times, where they stand beside.
    """
    found = []
    if sequences != (whole := _SEQUENCES[accuracy.dataset]):
        found.append(f"data ({sequences} of {whole} sequences)")
    if accuracy.preset != "paper":
        found.append(f"network (preset {accuracy.preset or 'not noted'})")
    if not accuracy.size.startswith("480x"):
        found.append(f"frame size ({accuracy.size or 'not noted'})")
    if speed is not None:
        found.append(f"hardware ({speed.hardware})")
    found.append("training")
    return f"Ours are not comparable with them one to one; they differ in: {', '.join(found)}."


def table1(evidence: Evidence) -> Table | None:
    """The paper's table 1 beside ours, or None where ours was not measured."""
    rows = evidence.rows[evidence.rows.dataset == TABLE1]
    if rows.empty:
        return None
    kept = rows.drop_duplicates(["method", "t", "metric"], keep="last").dropna(subset=["t"])
    ours = {(m, int(t), x): v for m, t, x, v in zip(
        kept.method, kept.t, kept.metric, kept.value, strict=True)}  # fmt: skip
    lines = [_table1_row(row, ours) for row in published("paper_table1.csv")]
    protocol = "; ".join(sorted({str(x) for x in rows.protocol if x}))
    return Table("table1", "Table 1 of the GC paper, and ours", TABLE1_COLUMNS, lines, (
        "Input 384x384, key 128, value 512, one object, float32. G = 1e9 multiply-adds; "
        "1 multiply-add = 2 FLOPs. The paper's MB are MiB of key + value + affinity + softmaxed "
        "affinity; ours: state + temporary bytes of a read, its readout left out. Of stm, that is "
        "the public code's arrangement, which holds the whole affinity as the paper counts it.",
        "Online softmax: the same numbers, computed by the stm measured everywhere else here, "
        "which goes through the stored frames one by one and never holds the whole affinity.",
        "Agrees: ours rounds to the paper's figure, or is within 2 % of it.",
        "GC: the paper's 0.04 G is the read; a write costs as much again. Its 1 MB counts more "
        "than the context matrix, which alone is 128 x 512 x 4 bytes = 0.25 MiB.",
        f"How ours was counted: {protocol or 'not noted'}.",
    ))  # fmt: skip


TABLE1_COLUMNS = (
    Column("method", "Method", text=True), Column("t", "Frames in memory", show=whole),
    Column("paper_macs", "Paper: read", "G"),
    Column("read", "Ours: read", "G", show=giga),
    Column("write", "Ours: write", "G", show=giga),
    Column("macs_agree", "Read agrees", text=True),
    Column("paper_bytes", "Paper: memory", "MiB"),
    Column("bytes", "Ours: memory", "MiB", show=mebi),
    Column("online", "Ours: memory, online softmax", "MiB", show=mebi),
    Column("state", "Ours: state alone", "MiB", show=mebi),
    Column("bytes_agree", "Memory agrees", text=True),
)  # fmt: skip


def _table1_row(paper: dict[str, str], ours: dict[tuple[str, int, str], float]) -> Row:
    method, t = paper["method"], int(paper["frames"])
    read, write, state, temporary = (
        ours.get((method, t, metric))
        for metric in ("read_macs", "write_macs", "state_bytes", "read_temporary_bytes")
    )
    naive = ours.get((method, t, "naive_read_temporary_bytes"))
    lean = None if state is None or temporary is None else state + temporary
    total = lean if state is None or naive is None else state + naive
    return {
        "method": method, "t": t, "paper_macs": paper["read_giga_macs"],
        "read": read, "write": write, "macs_agree": _agrees(paper["read_giga_macs"], read, 1e9),
        "paper_bytes": paper["mebibytes"], "bytes": total, "state": state,
        "online": None if naive is None else lean,
        "bytes_agree": _agrees(paper["mebibytes"], total, 2**20),
    }  # fmt: skip


def _agrees(paper: str, ours: float | None, scale: float) -> str | None:
    """Whether ours rounds to the digits the paper prints, or lies within 2 % of its figure."""
    if ours is None:
        return None
    decimals = len(paper.partition(".")[2])
    value = ours / scale
    near = abs(value - float(paper)) <= 0.02 * float(paper)
    return "yes" if near or f"{value:.{decimals}f}" == paper else "no"


def by_label(scores: Scores) -> dict[str, Run]:
    """Label -> its run over all sequences, on its own weights before others'. A mean over fewer
    sequences stands beside no paper's.
    """
    whole = scores.ranked()
    return {run.label: run for run in reversed(scores.runs) if run in whole}


def beside(scores: Scores, speed: Costs | None, name: str) -> Table | None:
    """Tables 3 and 4 of the paper for the methods we ran on the same data, ours beside them."""
    data = _DAVIS.get(scores.setting.dataset)
    ours = by_label(scores)
    rows: list[Row] = []
    for paper in published("published.csv"):
        run = ours.get(paper["method"].lower())
        if paper["dataset"] != data or run is None:
            continue
        fps = speed.at(run.label, "fps", None) if speed else None
        total = scores.total(run)
        rows.append({
            "method": run.label, "weights": weights_text(run.weights),
            "paper": paper["J&F"] or None,
            "ours": total["J&F"], "paper_J": paper["J"] or None, "J": total["J_mean"],
            "paper_F": paper["F"] or None, "F": total["F_mean"],
            "paper_s": paper["seconds_per_frame"] or None, "s": 1 / fps if fps else None,
        })  # fmt: skip
    if not rows or len(scores.sequences) > _SEQUENCES[scores.setting.dataset]:  # not of this set
        return None
    covered = f"Ours: {counted(len(scores.sequences), 'sequence')}; {scores.setting.describe()}."
    other = differences(scores.setting, len(scores.sequences), speed.setting if speed else None)
    notes = (other, covered)
    return Table(name, f"Published on {data}, and ours", BESIDE_COLUMNS, rows, notes)


BESIDE_COLUMNS = (
    Column("method", "Method", text=True), Column("weights", "Our weights", text=True),
    Column("paper", "Paper: J&F", "%"), Column("ours", "Ours: J&F", "%", show=percent),
    Column("paper_J", "Paper: J", "%"), Column("J", "Ours: J", "%", show=percent),
    Column("paper_F", "Paper: F", "%"), Column("F", "Ours: F", "%", show=percent),
    Column("paper_s", "Paper: time", "s/frame"), Column("s", "Ours: time", "s/frame"),
)  # fmt: skip
