"""Folders that a run writes to, tried out before anything is measured."""

from __future__ import annotations

import tempfile
from pathlib import Path

from vosbench.errors import DataError


def ensure_writable(folder: Path, option: str, *, make: bool = True) -> None:
    """Makes a folder and writes a byte into it, which is taken away again.

    Args:
        folder: made with its parents where it is missing.
        option: that named it, such as "--out".
        make: whether a missing folder is made; without, the first parent that is there is tried.

    Raises:
        DataError: it is no folder, or cannot be written (rights, a full or read-only disk).
    """
    try:
        there = (place for place in (folder, *folder.absolute().parents) if place.exists())
        place = folder if make else next(there, folder)
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"x")
    except OSError as wrong:
        reason = wrong.strerror or wrong
        raise DataError(
            f"{option} {folder} cannot be written: {reason}; expected a folder with room for "
            "files: name another, or free it"
        ) from wrong
