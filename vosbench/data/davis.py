"""DAVIS 2016 and 2017: ``JPEGImages/RES/SEQ``, ``Annotations/RES/SEQ``, ``ImageSets``.

Perazzi et al., CVPR 2016; Pont-Tuset et al., arXiv 1704.00675. All objects are given with the
first frame. Every frame has a mask, or, in a test set, the first one alone.
"""

from __future__ import annotations

from pathlib import Path

from vosbench.data.files import FileVideo, check_sizes, first_objects, list_images
from vosbench.data.splits import choose, find_split
from vosbench.data.video import Dataset
from vosbench.errors import DataError

_PREFERRED = "480p"  # the resolution that the official scores are counted at


def load_davis(root: Path, split: Path | None, *, year: int) -> Dataset:
    """Read the layout of a year; 2016 has one object: any id but 0.

    Without a split the year's ``val.txt`` is used, or, where there is none, all sequences.
    """
    resolutions = _resolutions(root)
    split = _split(split, root, year)
    names = sorted({folder.name for res in resolutions for folder in _folders(res)})
    chosen = choose(names, split, among=str(root / "JPEGImages"))
    videos = tuple(_video(root, name, resolutions, year) for name in chosen)
    if not videos:
        raise DataError(
            f"{root / 'JPEGImages'}: no sequences; expected folders RES/SEQ of frames, such as "
            "480p/bear: unpack DAVIS there"
        )
    used = " and ".join(sorted({video.frames[0].parent.parent.name for video in videos}))
    which = f"sequences of {split.name}" if split else "all sequences"
    return Dataset(f"davis{year}", videos, f"davis{year}", f"DAVIS {year}, {which}, {used}")


def _video(root: Path, name: str, resolutions: list[Path], year: int) -> FileVideo:
    having = [res for res in resolutions if (res / name).is_dir()]
    annotated = [res for res in having if (root / "Annotations" / res.name / name).is_dir()]
    folder = (annotated or having)[0] / name
    frames = list_images(folder)
    if not frames:
        raise DataError(f"{folder}: no frames; expected 00000.jpg and so on: unpack it again")
    masks = _masks(root / "Annotations" / folder.parent.name / name, frames)
    size = check_sizes(frames, masks.values())
    starts = dict.fromkeys(first_objects(masks[0], binary=year == 2016), 0)
    return FileVideo(f"davis{year}", name, size, frames, masks, starts, binary=year == 2016)


def _masks(folder: Path, frames: tuple[Path, ...]) -> dict[int, Path]:
    """The mask of each frame, or of the first alone; DataError where one is missing."""
    by_stem = {path.stem: path for path in list_images(folder, [".png"])}
    stems = [path.stem for path in frames]
    needed = stems[:1] if set(by_stem) == {stems[0]} else stems
    for stem in needed:
        if stem not in by_stem:
            raise DataError(
                f"{folder / stem}.png: mask missing; expected one for each frame "
                "(or for the first alone): restore it, or leave the sequence out with --split"
            )
    for stem in by_stem:
        if stem not in stems:
            raise DataError(
                f"{by_stem[stem]}: mask without a frame; expected {stem}.jpg in the frames: "
                "restore it, or remove the mask"
            )
    return {t: by_stem[stem] for t, stem in enumerate(needed)}


def _resolutions(root: Path) -> list[Path]:
    """Resolution folders, the preferred one first."""
    for part in ("JPEGImages", "Annotations"):
        if not (root / part).is_dir():
            raise DataError(
                f"{root}: no folder {part}; expected the DAVIS layout (JPEGImages/480p/SEQ, "
                "Annotations/480p/SEQ, ImageSets): give the folder that holds them"
            )
    folders = _folders(root / "JPEGImages")
    return sorted(folders, key=lambda folder: (folder.name != _PREFERRED, folder.name))


def _folders(parent: Path) -> list[Path]:
    return [p for p in parent.iterdir() if p.is_dir() and not p.name.startswith(".")]


def _split(split: Path | None, root: Path, year: int) -> Path | None:
    """The year's own split of that name; its ``val.txt`` without a name, or None without any."""
    folders = (str(year), ".", _PREFERRED)
    if split is not None:
        return find_split(split, root, folders)
    places = (root / "ImageSets" / folder / "val.txt" for folder in folders)
    return next((place for place in places if place.is_file()), None)
