"""From what a user types after ``--data`` to a data set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from vosbench.data.davis import load_davis
from vosbench.data.folder import load_folder
from vosbench.data.splits import choose, find_split
from vosbench.data.synthetic import load_synthetic
from vosbench.data.video import Dataset
from vosbench.data.video_file import VIDEO_SUFFIXES, load_video_file
from vosbench.data.youtube_vos import load_youtube_vos
from vosbench.errors import DataError, UsageError, unknown

DATASETS: Mapping[str, str] = MappingProxyType(
    {
        "synthetic": "built in, no download: moving creatures with exact masks "
        "(synthetic:length=24,objects=3,size=240x432,seed=0,scenario=occlusion+crowd)",
        "davis2016": "one object a video, masks 0/255 (davis2016=PATH)",
        "davis2017": "several objects a video (davis2017=PATH)",
        "youtube-vos": "sparse masks, objects that appear late (youtube-vos=PATH)",
        "mose": "crowded and occluded, the YouTube-VOS layout (mose=PATH)",
        "folder": "your own frames and the first one's mask (folder=PATH), "
        "or a video with its mask beside it (folder=FILE.mp4)",
    }
)


def load(spec: str, split: Path | None = None) -> Dataset:
    """The data set that ``NAME``, ``NAME=PATH`` or ``synthetic:OPTION=VALUE,...`` names.

    ``split`` is a text file with one sequence a line, or the name of one in the set's own
    ``ImageSets``. Folders and image headers are checked here, and first masks read; everything
    else is decoded when it is asked for. Raises UsageError for a spec that does not parse, and
    DataError for files that are missing, damaged or do not fit.
    """
    parts = re.fullmatch(r"([^:=]*)(?::(.*)|=(.*))?", spec, re.DOTALL)
    name, options, path = parts.groups() if parts else (spec, None, None)
    if name not in DATASETS:
        raise unknown("dataset", name, DATASETS)
    if name != "synthetic":
        if not path:
            raise UsageError(f"--data {spec}: expected {name}=PATH: add the data set's folder")
        return _load_files(name, _root(path), split)
    if path is not None:
        raise UsageError(
            f"--data {spec}: the synthetic set has no files; expected synthetic or "
            "synthetic:length=24,objects=3: leave the path out"
        )
    return load_synthetic(options or "", split)


def _root(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:  # ~NAME of nobody
        raise DataError(f"{path}: {error}; expected a folder: write its path in full") from error


def _load_files(name: str, root: Path, split: Path | None) -> Dataset:
    try:
        return _from_files(name, root, split)
    except OSError as error:  # no right to list a folder, a name too long, a disk that fails
        where = error.filename or root
        raise DataError(
            f"{where}: {error.strerror or error}; expected files of {name} that can be read: "
            f"check --data {name}=PATH"
        ) from error


def _from_files(name: str, root: Path, split: Path | None) -> Dataset:
    if name == "folder" and root.suffix.lower() in VIDEO_SUFFIXES and root.is_file():
        choose([root.stem], split, among=str(root))
        return load_video_file(root)
    if not root.is_dir():
        what = "not a folder" if root.exists() else "there is nothing of that name"
        expected = "a folder of frames or a video" if name == "folder" else f"the root of {name}"
        raise DataError(f"{root}: {what}; expected {expected}: check --data {name}=PATH")
    if name in ("davis2016", "davis2017"):
        return load_davis(root, split, year=int(name.removeprefix("davis")))
    split = split and find_split(split, root)
    if name == "folder":
        return load_folder(root, split)
    return load_youtube_vos(root, split, name=name)
