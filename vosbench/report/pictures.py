"""Qualitative strips that a run left beside its records, embedded in the page."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from vosbench.report.scores import Scores
from vosbench.results import UNTRAINED, Cell

SHOWN = 3  # sequences per data set: best, median, worst
LIMIT = 8 * 2**20  # bytes of all strips together: a page is to be opened, not downloaded


@dataclass(frozen=True)
class Strip:
    """One picture: a sequence at five times with a method's masks, or as it is with the truth."""

    dataset: str
    sequence: str
    method: str  # "" for the frames and the true masks
    rank: str  # "best", "median", "worst", or "" where there are no scores
    uri: str

    @property
    def place(self) -> str:
        """What strips that belong together share."""
        return f"{self.dataset}: {self.sequence}"

    @property
    def caption(self) -> str:
        """What stands over the picture."""
        return self.method or "Frames; truth"

    @property
    def alt(self) -> str:
        """What the picture shows."""
        if not self.method:
            return (
                f"{self.dataset}, {self.sequence}: frames and below them the truth, at five times"
            )
        return f"{self.dataset}, {self.sequence}: masks of {self.method} at five times"


def strips(folder: Path, scored: list[Scores]) -> tuple[list[Strip], int]:
    """The strips to show, sequence by sequence, and how many were left out.

    Args:
        folder: holds `<dataset>/<method>-<digest>/<sequence>/strip.webp`, see `Cell.folder`,
            and `truth.webp` beside it.
        scored: names the best, median and worst sequence of each data set.
    """
    files = sorted(folder.glob("*/*/*/strip.webp"))
    by_dataset: dict[str, list[Path]] = {}
    for file in files:
        by_dataset.setdefault(file.parts[-4], []).append(file)
    names = titles(scored)
    found: list[Strip] = []
    size = shown = 0
    for dataset, mine in by_dataset.items():
        for sequence, rank in chosen(dataset, mine, scored).items():
            true = b""
            for file in (f for f in mine if f.parts[-2] == sequence):
                picture, frames = file.read_bytes(), _read(file.with_name("truth.webp"))
                new = b"" if frames == true else frames  # methods share it, as a rule
                size += len(picture) + len(new)
                if not _is_webp(picture) or size > LIMIT:
                    continue
                if _is_webp(new):
                    true = new
                    found.append(Strip(dataset, sequence, "", rank, _uri(new)))
                method = names.get((dataset, file.parts[-3]), file.parts[-3])
                found.append(Strip(dataset, sequence, method, rank, _uri(picture)))
                shown += 1
    return found, len(files) - shown


def _read(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""


def _is_webp(content: bytes) -> bool:
    """Not so for a file that a kill left torn at its start, or that is not ours."""
    return content[:4] == b"RIFF" and content[8:12] == b"WEBP"


def _uri(picture: bytes) -> str:
    return "data:image/webp;base64," + base64.b64encode(picture).decode()


def titles(scored: list[Scores]) -> dict[tuple[str, str], str]:
    """(data set, method's folder) -> title, with the settings where two folders share a title."""
    names = [name for name in Cell.__dataclass_fields__ if name not in ("tool", "harness")]
    runs: dict[tuple[str, str], tuple[str, Cell]] = {}
    for scores in scored:
        called = {(run.label, run.weights): run.title for run in scores.runs}
        for line in scores.frames[["label", *names]].drop_duplicates().to_dict("records"):
            label = str(line.pop("label"))
            cell = Cell(harness="accuracy", **line)
            runs[cell.dataset, cell.folder.split("/")[-2]] = called[label, cell.weights], cell
    labels = pd.Series([(dataset, label) for (dataset, _), (label, _) in runs.items()])
    shared = set(labels[labels.duplicated()])
    return {
        place: _title(label, cell, long=(place[0], label) in shared)
        for place, (label, cell) in runs.items()
    }


def _title(label: str, cell: Cell, *, long: bool) -> str:
    """A run's title; a long one says what else it was."""
    if not long:
        return label
    parts = [cell.preset, cell.size, cell.device, cell.precision]
    if cell.weights != UNTRAINED:
        parts.append(f"weights {cell.weights}")
    return f"{label} ({', '.join(filter(None, [*parts, f'seed {cell.seed}']))})"


def chosen(dataset: str, files: list[Path], scored: list[Scores]) -> dict[str, str]:
    """Sequences to show, with their rank by mean J&F over methods."""
    there = sorted({file.parts[-2] for file in files})
    scores = next((s for s in scored if s.setting.dataset == dataset), None)
    if scores is not None:
        means = scores.per_sequence.mean(axis=1).dropna().sort_values(ascending=False)
        ranked = [sequence for sequence in means.index if sequence in there]
        if len(ranked) >= SHOWN:
            return {ranked[0]: "best", ranked[len(ranked) // 2]: "median", ranked[-1]: "worst"}
    return dict.fromkeys(there[:SHOWN], "")
