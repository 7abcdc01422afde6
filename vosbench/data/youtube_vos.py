"""YouTube-VOS and MOSE: ``JPEGImages/SEQ``, ``Annotations/SEQ``, perhaps ``meta.json``.

Xu et al., arXiv 1809.03327; Ding et al., ICCV 2023. Objects may appear in any frame, and are given
at the first frame that annotates them. Masks may be sparse (every fifth frame), and a validation
set holds only the masks that introduce objects. An id in the masks that ``meta.json`` lacks is no
object: never given and never scored. Frames before the first mask are left out: nothing is asked
for there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vosbench.data.files import VOID, FileVideo, check_sizes, first_objects, list_images
from vosbench.data.splits import choose
from vosbench.data.video import Dataset
from vosbench.errors import DataError

PROTOCOLS = {"youtube-vos": "youtube-vos", "mose": "vos-benchmark"}
_TITLES = {"youtube-vos": "YouTube-VOS", "mose": "MOSE"}


def load_youtube_vos(root: Path, split: Path | None, *, name: str) -> Dataset:
    """Read the layout, as ``youtube-vos`` or ``mose``; without a split, all sequences."""
    for part in ("JPEGImages", "Annotations"):
        if not (root / part).is_dir():
            raise DataError(f"{root}: no folder {part}; expected JPEGImages/SEQ and{_advice(root)}")
    annotations = root / "Annotations"
    names = sorted(p.name for p in annotations.iterdir() if p.is_dir() and p.name[0] != ".")
    chosen = choose(names, split, among=str(annotations))
    if not chosen:
        raise DataError(
            f"{annotations}: no sequences; expected one folder of masks each: unpack it"
        )
    meta = _read_meta(root / "meta.json")
    videos = tuple(_video(root, sequence, meta.get(sequence), name) for sequence in chosen)
    which = f"sequences of {split.name}" if split else "all sequences"
    return Dataset(name, videos, PROTOCOLS[name], f"{_TITLES[name]}, {which} of {root.name}")


def _video(root: Path, name: str, objects: dict[str, str] | None, dataset: str) -> FileVideo:
    frames = list_images(root / "JPEGImages" / name)
    folder = root / "Annotations" / name
    if not frames:
        raise DataError(f"{root / 'JPEGImages' / name}: no frames; expected 00000.jpg and so on")
    annotated = {path.stem for path in list_images(folder, [".png"])}
    shown = [t for t, path in enumerate(frames) if path.stem in annotated]
    frames = frames[min(shown, default=0) :]
    index = {path.stem: t for t, path in enumerate(frames)}
    masks: dict[int, Path] = {}
    for path in list_images(folder, [".png"]):
        if path.stem not in index:
            raise DataError(
                f"{path}: mask without a frame; expected {path.stem}.jpg in "
                f"{frames[0].parent}: restore it, or remove the mask"
            )
        masks[index[path.stem]] = path
    if not masks:
        raise DataError(f"{folder}: no masks; expected a PNG for the first frame: restore it")
    size = check_sizes(frames, masks.values())
    first_objects(next(iter(masks.values())))
    starts = None if objects is None else _starts(folder, objects, index, masks)
    return FileVideo(dataset, name, size, frames, masks, starts, listed=starts is not None)


def _starts(
    folder: Path, objects: dict[str, str], index: dict[str, int], masks: dict[int, Path]
) -> dict[int, int]:
    """First frame of each object, as meta.json names it."""
    if not objects:
        raise DataError(
            f"{folder}: meta.json names no object of it; expected at least one: "
            "leave the sequence out with --split, or remove meta.json"
        )
    starts = {}
    for key, stem in objects.items():
        if not 0 < int(key) < VOID:
            raise DataError(
                f"{folder}: meta.json names an object {key}; expected ids from 1 to {VOID - 1}: "
                "download meta.json again, or remove it"
            )
        if index.get(stem) not in masks:
            raise DataError(
                f"{folder / stem}.png: mask missing; expected it because meta.json lets object "
                f"{key} start there: restore it, or remove meta.json"
            )
        starts[int(key)] = index[stem]
    return starts


def _read_meta(path: Path) -> dict[str, dict[str, str]]:
    """For each sequence, each object's first frame; empty where there is no file."""
    if not path.exists():
        return {}
    try:
        videos: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["videos"]
        return {
            name: {str(int(key)): str(facts["frames"][0]) for key, facts in v["objects"].items()}
            for name, v in videos.items()
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f'{path}: not a meta file; expected {{"videos": {{SEQ: {{"objects": {{ID: '
            '{"frames": [...]}}}}}: download it again, or remove it'
        ) from error


def _advice(root: Path) -> str:
    inner = [p.name for p in sorted(root.iterdir()) if (p / "JPEGImages").is_dir()]
    where = f"{root / inner[0]}" if inner else "the folder that holds both"
    return f" Annotations/SEQ: give {where}"
