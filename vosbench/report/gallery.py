"""Failures and films that a run left beside its records, embedded in the page."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vosbench.report.pictures import chosen, titles
from vosbench.report.scores import Scores
from vosbench.results import CONTROL

EACH = 3  # failures shown of one method on one data set
LIMIT = 6 * 2**20  # bytes of all failures, and of all films
_NAME = re.compile(r"failure-(swap|loss)-(\d+)\.webp")
_SAYS = {"swap": "takes one object for another", "loss": "loses an object that is in sight"}
_FILMS = {".mp4": "video/mp4", ".webp": "image/webp"}


@dataclass(frozen=True)
class Shot:
    """One picture or film of one method on one sequence."""

    dataset: str
    sequence: str
    method: str
    says: str
    uri: str

    @property
    def caption(self) -> str:
        """Who, where and what."""
        return f"{self.method} {self.says} ({self.dataset}, {self.sequence})"

    @property
    def film(self) -> bool:
        """Whether it plays in a <video>."""
        return self.uri.startswith("data:video/")


def failures(folder: Path, scored: list[Scores]) -> tuple[list[Shot], int]:
    """Failures found by the metrics, some of each method, and how many were left out.

    Args:
        folder: holds `<dataset>/<method>-<digest>/<sequence>/failure-<kind>-<t>.webp`.
        scored: knows what each method's folder is called.
    """
    files = sorted(folder.glob("*/*/*/failure-*.webp"))
    count: dict[tuple[str, str], int] = {}
    some = []
    for file in files:
        place = file.parts[-4], file.parts[-3]
        count[place] = count.get(place, 0) + 1
        if count[place] <= EACH and _NAME.fullmatch(file.name):
            some.append(file)
    found = list(_within(some, "image/webp", folder, scored))
    return found, len(files) - len(found)


def films(folder: Path, scored: list[Scores]) -> tuple[list[Shot], int]:
    """Overlay films, as many as fit, and how many were left out."""
    files = sorted(f for f in folder.glob("*/*/*/overlay.*") if f.suffix in _FILMS)
    found = [
        shot
        for kind in _FILMS
        for shot in _within([f for f in files if f.suffix == kind], _FILMS[kind], folder, scored)
    ]
    return found, len(files) - len(found)


def key_maps(folder: Path, scored: list[Scores]) -> list[Shot]:
    """Heat maps of key channels, on one sequence of each data set; equal pictures once.

    Swapped weights give every memory the same keys: one method stands for all, never `none`.
    """
    by_dataset: dict[str, list[Path]] = {}
    every = folder.glob("*/*/*/keys.webp")
    for file in sorted(every, key=lambda f: (f.parts[-3].startswith(f"{CONTROL}-"), f)):
        by_dataset.setdefault(file.parts[-4], []).append(file)
    found: dict[bytes, Path] = {}
    for dataset, files in by_dataset.items():
        sequence = next(iter(chosen(dataset, files, scored)))
        for file in (f for f in files if f.parts[-2] == sequence):
            found.setdefault(file.read_bytes(), file)
    return list(_within(list(found.values()), "image/webp", folder, scored))


def _within(files: list[Path], kind: str, folder: Path, scored: list[Scores]) -> Iterator[Shot]:
    """Shots of files, until the page would grow too large."""
    known, size = titles(scored), 0
    for file in files:
        content = file.read_bytes()
        size += len(content)
        if size > LIMIT:
            return
        dataset, method, sequence = file.relative_to(folder).parts[:3]
        uri = f"data:{kind};base64,{base64.b64encode(content).decode()}"
        yield Shot(dataset, sequence, known.get((dataset, method), method), _says(file), uri)


def _says(file: Path) -> str:
    if file.name == "keys.webp":
        return "key channels that vary most"
    parts = _NAME.fullmatch(file.name)
    return f"{_SAYS[parts[1]]}, frame {int(parts[2])}" if parts else "on the whole sequence"
