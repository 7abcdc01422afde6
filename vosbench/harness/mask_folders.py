"""Folders of masks as they lie on disk: SEQUENCE/FRAME.png, or FRAME.png of one sequence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from vosbench.data.files import list_images
from vosbench.data.indexed_png import MaskReader
from vosbench.errors import DataError
from vosbench.metrics.kernels import Mask


class MaskFiles(Mapping[int, Mask]):
    """The masks of one sequence by frame number, decoded when asked for, into one buffer."""

    def __init__(self, files: Mapping[int, Path], reader: MaskReader) -> None:
        self.files = files
        self._reader = reader

    def __getitem__(self, t: int) -> Mask:
        return self._reader.read(self.files[t])

    def __contains__(self, t: object) -> bool:
        return t in self.files  # the mixin's would decode the mask to find out

    def __iter__(self) -> Iterator[int]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)


def frames_of(folder: Path) -> dict[int | str, Path]:
    """The masks of a folder by frame (a number, or else the stem), in natural order."""
    frames: dict[int | str, Path] = {}
    for path in list_images(folder, [".png"]):
        stem = path.stem
        frame = int(stem) if stem.isascii() and stem.isdigit() else stem
        if frame in frames:
            raise DataError(f"{path} and {frames[frame].name} are the same frame: remove one")
        frames[frame] = path
    return frames


def pairs(gt: Path, pred: Path) -> list[tuple[Path, Path]]:
    """Folders of true and predicted masks, sequence by sequence."""
    true, predicted = _sequences(gt), _sequences(pred)
    if true == [gt] and predicted == [pred]:
        return [(gt, pred)]
    if true == [gt]:
        raise DataError(f"{gt} holds one sequence, {pred} holds folders: give {pred / gt.name}")
    if predicted == [pred]:
        raise DataError(f"{pred} holds one sequence, {gt} holds folders: give {gt / pred.name}")
    there = {path.name for path in predicted}
    missing = [path.name for path in true if path.name not in there]
    if missing:
        raise DataError(
            f"{pred}: no folder for {len(missing)} of the {len(true)} sequences of {gt}, first "
            f"{missing[0]}: predict them, or give a GT folder with only the sequences to score"
        )
    return [(path, pred / path.name) for path in true]


def _sequences(folder: Path) -> list[Path]:
    """The sequences in a folder, or the folder itself where it holds masks."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; expected SEQUENCE/FRAME.png inside it")
    if any(folder.glob("*.png")):
        return [folder]
    inside = [path for path in sorted(folder.iterdir()) if any(path.glob("*.png"))]
    if not inside:
        raise DataError(
            f"{folder}: no PNG masks; expected SEQUENCE/FRAME.png, or FRAME.png of one sequence"
        )
    return inside
