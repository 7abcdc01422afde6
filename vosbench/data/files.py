"""A video kept as image files: frames, and masks for all or some of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from vosbench.data.images import FRAME_SUFFIXES, image_size, read_frame, read_mask
from vosbench.data.video import Image
from vosbench.errors import DataError

VOID = 255  # marks pixels of no known owner: never an object


@dataclass(frozen=True, eq=False)
class FileVideo:
    """A sequence on disk; see Video for what its attributes mean. Hashed by identity."""

    dataset: str
    name: str
    size: tuple[int, int]
    frames: tuple[Path, ...]
    masks: Mapping[int, Path]  # frame index -> mask file, ascending
    starts: Mapping[int, int] | None = None  # object -> its first frame; None: look in the masks
    listed: bool = False  # an id that `starts` lacks is no object: never given, so not scored
    binary: bool = False  # any value but 0 is object 1, as in DAVIS 2016

    def __len__(self) -> int:
        return len(self.frames)

    @cached_property
    def frame_names(self) -> tuple[str, ...]:
        return tuple(path.stem for path in self.frames)

    @property
    def objects(self) -> tuple[int, ...]:
        return tuple(sorted(self._starts))

    @cached_property
    def annotated(self) -> tuple[int, ...]:
        """Frames with truth: those with a mask, unless masks only introduce objects.

        Test sets hold one mask per arrival and keep the truth back: there a later mask shows the
        newcomers alone, so it is no truth for the objects that came before. Where a later one shows
        any of those, all are truth.
        """
        frames, starts = tuple(self.masks), self._starts
        if set(frames) != set(starts.values()):
            return frames
        old = ((t, key) for t in frames[1:] for key in present(self._mask(t)) if key in starts)
        return frames if any(starts[key] < t for t, key in old) else frames[:1]

    @cached_property
    def _scored(self) -> frozenset[int]:
        return frozenset(self.annotated)  # found at once, however long the video

    def frame(self, t: int) -> Image:
        frame = read_frame(self.frames[t])
        expect_size(self.frames[t], frame.shape[:2], self.size)
        return frame

    def truth(self, t: int) -> Image | None:
        if t not in self._scored:
            return None
        ids = self._mask(t)
        return _keep_only(ids, (*self.objects, VOID)) if self.listed else ids

    def given(self, t: int) -> Image | None:
        new = [key for key, start in self._starts.items() if start == t]
        if not new:
            return None
        ids = self._mask(t)
        kept = _keep_only(ids, new)
        missing = sorted(set(new) - set(present(kept)))
        if missing:
            raise DataError(
                f"{self.masks[t]}: object {missing[0]} is not in this mask; expected it to "
                "appear here as meta.json says: mend one of the two"
            )
        return kept

    @cached_property
    def _starts(self) -> Mapping[int, int]:
        if self.starts is not None:
            return self.starts
        starts: dict[int, int] = {}
        for t in self.masks:
            for key in present(self._mask(t)):
                starts.setdefault(key, t)
        return starts

    def _mask(self, t: int) -> Image:
        ids = read_mask(self.masks[t])
        expect_size(self.masks[t], ids.shape, self.size)
        return (ids != 0).astype(np.uint8) if self.binary else ids


def present(ids: Image) -> list[int]:
    """Ids of the objects in a mask, ascending; 0 and void (255) are none.

    >>> present(np.array([[0, 3], [255, 1]], dtype=np.uint8))
    [1, 3]
    """
    counts = np.bincount(ids.ravel(), minlength=256)
    return [int(key) for key in np.flatnonzero(counts) if key not in (0, VOID)]


def list_images(folder: Path, suffixes: Iterable[str] = FRAME_SUFFIXES) -> tuple[Path, ...]:
    """Images of a folder in natural order (2 before 10); hidden files are passed over.

    Raises DataError where the folder is missing or two files share a stem.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; expected the images of one video: check --data")
    wanted = tuple(suffixes)
    paths = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in wanted and not path.name.startswith(".")
    ]
    repeated = [stem for stem, count in Counter(path.stem for path in paths).items() if count > 1]
    if repeated:
        raise DataError(
            f"{folder}: several images named {sorted(repeated)[0]!r}; expected one per frame: "
            "remove all but one"
        )
    return tuple(sorted(paths, key=_natural))


def check_sizes(frames: Iterable[Path], masks: Iterable[Path]) -> tuple[int, int]:
    """The common (height, width) of all files, from their headers; DataError where one differs."""
    frames = tuple(frames)
    size = image_size(frames[0])
    for path in (*frames[1:], *masks):
        expect_size(path, image_size(path), size)
    return size


def first_objects(path: Path, *, binary: bool = False) -> list[int]:
    """Ids in a video's first mask; DataError where it shows no object."""
    ids = read_mask(path)
    found = [1] if binary and ids.any() else present(ids)
    if found:
        return found
    if VOID in ids:
        raise DataError(
            f"{path}: only the values 0 and 255; expected object ids from 1: "
            "read 0/255 masks with --data davis2016=PATH, or save ids"
        )
    raise DataError(
        f"{path}: the first mask is empty; expected at least one object: "
        "draw one, or leave the sequence out with --split"
    )


def _keep_only(ids: Image, keys: Iterable[int]) -> Image:
    table = np.zeros(256, dtype=np.uint8)
    for key in keys:
        table[key] = key
    return table[ids]


def expect_size(path: Path, found: tuple[int, ...], expected: tuple[int, int]) -> None:
    """DataError where a picture's (H, W) is not the video's."""
    if tuple(found) != expected:
        got, want = ("x".join(map(str, size)) for size in (found, expected))
        raise DataError(
            f"{path}: {got}, but the first frame is {want}; expected one size (height x width) "
            "for all frames and masks of a video: resize or leave the sequence out with --split"
        )


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sort key that orders runs of digits by value, and names alike but for zeros by text."""
    pieces = re.split(r"(\d+)", path.stem)
    key = [(int(p), "") if p.isdecimal() else (-1, p) for p in pieces]
    return [*key, (-1, path.stem)]
