"""Qualitative strips that a run left beside its records, embedded in the page."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from vosbench.report.scores import Scores
from vosbench.report.settings import UNTRAINED_TEXT

SHOWN = 3  # sequences per data set: best, median, worst
LIMIT = 8 * 2**20  # bytes of all strips together: a page is to be opened, not downloaded
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Strip:
    """One picture: a sequence at five times with a method's masks."""

    dataset: str
    sequence: str
    method: str
    rank: str  # "best", "median", "worst", or "" where there are no scores
    uri: str

    @property
    def place(self) -> str:
        """What strips that belong together share."""
        return f"{self.dataset}: {self.sequence}"

    @property
    def alt(self) -> str:
        """What the picture shows."""
        return f"{self.dataset}, {self.sequence}: masks of {self.method} at five times"


def strips(folder: Path, scored: list[Scores]) -> tuple[list[Strip], int]:
    """The strips to show, sequence by sequence, and how many were left out.

    Args:
        folder: holds `<dataset>/<method>/<sequence>/strip.png`.
        scored: names the best, median and worst sequence of each data set.
    """
    files = sorted(folder.glob("*/*/*/strip.png"))
    by_dataset: dict[str, list[Path]] = {}
    for file in files:
        by_dataset.setdefault(file.parts[-4], []).append(file)
    found, size = [], 0
    for dataset, mine in by_dataset.items():
        for sequence, rank in _chosen(dataset, mine, scored).items():
            for file in (f for f in mine if f.parts[-2] == sequence):
                picture = file.read_bytes()
                size += len(picture)
                if picture.startswith(_PNG) and size <= LIMIT:
                    uri = "data:image/png;base64," + base64.b64encode(picture).decode()
                    method = _titled(file.parts[-3], dataset, scored)
                    found.append(Strip(dataset, sequence, method, rank, uri))
    return found, len(files) - len(found)


def _titled(folder: str, dataset: str, scored: list[Scores]) -> str:
    """A method's folder name, with the warning where its runs on this data were untrained."""
    runs = [run for s in scored if s.setting.dataset == dataset for run in s.runs]
    mine = [run for run in runs if run.label.partition("(")[0] == folder.partition(":")[0]]
    return f"{folder} ({UNTRAINED_TEXT})" if any(run.untrained for run in mine) else folder


def _chosen(dataset: str, files: list[Path], scored: list[Scores]) -> dict[str, str]:
    """Sequences to show, with their rank by mean J&F over methods."""
    there = sorted({file.parts[-2] for file in files})
    scores = next((s for s in scored if s.setting.dataset == dataset), None)
    if scores is not None:
        means = scores.per_sequence.mean(axis=1).dropna().sort_values(ascending=False)
        ranked = [sequence for sequence in means.index if sequence in there]
        if len(ranked) >= SHOWN:
            return {ranked[0]: "best", ranked[len(ranked) // 2]: "median", ranked[-1]: "worst"}
    return dict.fromkeys(there[:SHOWN], "")
