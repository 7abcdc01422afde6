"""Which objects of YouTube-VOS belong to classes that its training set lacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vosbench.errors import DataError
from vosbench.metrics.averages import Key


def unseen_objects(annotations: Path) -> frozenset[Key] | None:
    """Objects of unseen classes, from ROOT/SPLIT/meta.json and ROOT/train/meta.json.

    Args:
        annotations: the folder ROOT/SPLIT/Annotations.

    Returns None where one of the two files is not there; raises DataError where one is damaged.
    """
    split = annotations.resolve().parent
    here, training = split / "meta.json", split.parent / "train" / "meta.json"
    if not (here.is_file() and training.is_file()):
        return None
    trained = set(_classes(training).values())
    return frozenset(key for key, name in _classes(here).items() if name not in trained)


def _classes(path: Path) -> dict[Key, str]:
    """(sequence, object id) -> class."""
    try:
        meta: Any = json.loads(path.read_text(encoding="utf-8"))
        return {
            (video, int(i)): str(what["category"])
            for video, entry in meta["videos"].items()
            for i, what in entry["objects"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: not the meta.json of YouTube-VOS ({type(error).__name__}: {error}); expected "
            "videos > NAME > objects > ID > category: download it again"
        ) from error
