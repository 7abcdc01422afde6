"""The verb `score`: a table for people, CSV per frame and JSON for programs."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vosbench.errors import DataError
from vosbench.harness.score_folders import FolderScore
from vosbench.metrics.averages import JF
from vosbench.metrics.formulas import Curve
from vosbench.metrics.statistics import Summary
from vosbench.results import ensure_writable

_STATISTICS = [f"{measure} {part}" for measure in "JF" for part in Summary._fields]


def tell(
    score: FolderScore, *, csv_file: Path | None = None, json_file: Path | None = None
) -> None:
    """Prints the table, and writes per-frame CSV and JSON where asked.

    Raises DataError for a file that cannot be written.
    """
    Console().print(to_table(score))
    if csv_file is not None:
        _write(csv_file, to_csv(score))
    if json_file is not None:
        _write(json_file, to_json(score))


def try_out(csv_file: Path | None, json_file: Path | None) -> None:
    """Sees to it that the files asked for can be written, before hours of scoring.

    Folders that are missing are made only when a file is written.

    Raises DataError for one that cannot.
    """
    for option, path in (("--csv", csv_file), ("--json", json_file)):
        if path is None:
            continue
        if path.is_dir():
            raise DataError(f"{option} {path} is a folder: name a file in it")
        ensure_writable(path.parent, option, make=False)


def to_json(score: FolderScore) -> str:
    """`protocol`, `global` and `sequences` > name > object id > J, F > statistics and frames."""
    sequences: dict[str, dict[str, Any]] = {}
    for (name, i), both in score.objects.items():
        curves = score.sequences[name].objects[i]
        sequences.setdefault(name, {})[str(i)] = {
            "J": _statistics(both.J, curves.J),
            "F": _statistics(both.F, curves.F),
        }
    averages = {
        name: {"J&F": both.mean, "J": _statistics(both.J), "F": _statistics(both.F)}
        for name, both in score.averages.items()
    }
    content = {"protocol": score.protocol, "notes": score.notes, **averages, "sequences": sequences}
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def to_csv(score: FolderScore) -> str:
    """One line per sequence, object and frame; J and F in 0..1 with every digit."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["protocol", "sequence", "object", "frame", "J", "F"])
    for name, sequence in score.sequences.items():
        for i, o in sequence.objects.items():
            for t, J, F in zip(o.frames, o.J.tolist(), o.F.tolist(), strict=True):
                writer.writerow([score.protocol, name, i, score.names[name][t], J, F])
    return out.getvalue()


def to_table(score: FolderScore) -> Table:
    """The averages, then a line per object, in percent."""
    timing = (
        f"{sum(len(s.frames) for s in score.sequences.values())} frames in {score.seconds:.2f} s, "
        f"workers: {score.workers}; kernels ready in {score.compile_seconds:.2f} s"
    )
    table = Table(
        title=f"J and F in percent, protocol {score.protocol}",
        caption=escape("\n".join([*score.notes, timing])),
    )
    table.add_column("sequence")
    for heading in ["object", "J&F", *_STATISTICS]:
        table.add_column(heading, justify="right")
    for name, both in score.averages.items():
        table.add_row(name, "", *_cells(both), style="bold")
    table.add_section()
    for (name, i), both in score.objects.items():
        table.add_row(escape(name), str(i), *_cells(both))
    return table


def _cells(both: JF) -> list[str]:
    return [f"{100 * value:.1f}" for value in (both.mean, *both.J, *both.F)]


def _statistics(summary: Summary, curve: Curve | None = None) -> dict[str, Any]:
    """JSON knows no NaN, which the official decay gives where its indices overflow: null."""
    parts = {k: v if math.isfinite(v) else None for k, v in summary._asdict().items()}
    return parts if curve is None else {**parts, "frames": curve.tolist()}


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DataError(
            f"{path}: cannot be written ({error.strerror}); expected a writable place: "
            "choose another"
        ) from error
