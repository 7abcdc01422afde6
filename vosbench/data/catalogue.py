"""From what a user types after ``--data`` to a data set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from vosbench.data.davis import load_davis
from vosbench.data.folder import load_folder
from vosbench.data.splits import find_split
from vosbench.data.synthetic import load_synthetic
from vosbench.data.video import Dataset
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
        "folder": "your own frames and the first one's mask (folder=PATH)",
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
        return _load_files(name, Path(path).expanduser(), split)
    if path is not None:
        raise UsageError(
            f"--data {spec}: the synthetic set has no files; expected synthetic or "
            "synthetic:length=24,objects=3: leave the path out"
        )
    return load_synthetic(options or "", split)


def _load_files(name: str, root: Path, split: Path | None) -> Dataset:
    if not root.is_dir():
        what = "not a folder" if root.exists() else "no such folder"
        raise DataError(f"{root}: {what}; expected the root of {name}: check --data {name}=PATH")
    split = split and find_split(split, root)
    match name:
        case "folder":
            return load_folder(root, split)
        case "davis2016" | "davis2017":
            return load_davis(root, split, year=int(name.removeprefix("davis")))
        case _:
            return load_youtube_vos(root, split, name=name)
