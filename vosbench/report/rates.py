"""What a frame costs whatever the memory: to read, to keep, to score and to record."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from vosbench.report.evidence import Evidence
from vosbench.results.store import RECORDS

PREDICTIONS = "predictions"  # folder of the masks in a store


class Rate(NamedTuple):
    """One amount for a frame."""

    what: str
    value: float | None  # None: not in the store
    unit: str  # "s" of CPU, or "byte"
    where: str  # on what it was measured, or what would measure it


def common(evidence: Evidence) -> list[Rate]:
    """Every amount that does not depend on the memory, in the order of the work."""
    reading, scoring = _latest(evidence.reading), _latest(evidence.evaluator)
    on = f"{reading.get('dataset')} {reading.get('size')}" if reading else "add --data NAME=PATH"
    by = str(scoring["protocol"]) if scoring else "not measured: nox -s perf measures it"
    masks, frames = _masks(evidence)
    lines = _lines(evidence)
    of_store = f"{frames} masks of this store" if frames else "not measured: bench measures it"
    return [
        Rate("frames on disk", reading.get("frame_bytes"), "byte", on),
        Rate("read and decode", reading.get("read_frame_seconds"), "s", on),
        Rate("masks on disk", masks, "byte", of_store),
        Rate("score J and F", scoring.get("own_seconds"), "s", by),
        Rate("records on disk", lines, "byte", "accuracy records of this store"),
    ]


def _latest(rows: pd.DataFrame) -> dict[str, float]:
    """Numbers of the cell measured last, by metric, with its data set, size and protocol."""
    if rows.empty:
        return {}
    last = rows[rows.time == max(rows.time.astype(str))]
    fields = {name: last[name].iloc[0] for name in ("dataset", "size", "protocol")}
    return dict(zip(last.metric.astype(str), last.value, strict=True)) | fields


def _masks(evidence: Evidence) -> tuple[float | None, int]:
    sizes = [p.stat().st_size for p in (evidence.folder / PREDICTIONS).rglob("*.png")]
    return (sum(sizes) / len(sizes) if sizes else None), len(sizes)


def _lines(evidence: Evidence) -> float | None:
    """Bytes of a record for each frame that it scores."""
    size = frames = 0
    with (evidence.folder / RECORDS).open("rb") as file:
        for line in file:
            if b'"harness":"accuracy"' in line[:100]:
                size += len(line)
                frames += line.count(b'"swap_pixels"')  # once a frame
    return size / frames if frames else None
