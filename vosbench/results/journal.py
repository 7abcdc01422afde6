"""A file of lines that many processes append to and read.

An append is one `write` and one `fsync` under a file lock. A process killed at any moment leaves
every earlier line as it was, and at most one torn line at the end, which the next append closes
off.
"""

from __future__ import annotations

import os
from pathlib import Path

from vosbench.errors import DataError
from vosbench.results.lock import locked


def append(path: Path, line: bytes) -> None:
    """Adds a line, which ends in a newline; makes the file and its folder where they are missing.

    Raises:
        DataError: the file cannot be written or the disk is full; nothing was added then.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError as wrong:
        raise _unusable("written", path, wrong) from wrong
    try:
        with locked(descriptor):
            new = not os.fstat(descriptor).st_size
            _append_whole(descriptor, line)
        if new:
            _sync_folder(path.parent)
    except OSError as wrong:
        raise _unusable("written", path, wrong) from wrong
    finally:
        os.close(descriptor)


def size(path: Path) -> int:
    """Bytes in the file; 0 where there is none."""
    return path.stat().st_size if path.exists() else 0


def read(path: Path, start: int) -> bytes:
    """The bytes of the file from `start` on; none where there is no file yet.

    Raises:
        DataError: the file is there and cannot be read.
    """
    try:
        with path.open("rb") as file, locked(file.fileno(), shared=True):
            file.seek(start)
            return file.read()
    except FileNotFoundError:
        return b""
    except OSError as wrong:
        raise _unusable("read", path, wrong) from wrong


def _append_whole(descriptor: int, line: bytes) -> None:
    """One write at the end of the file and a sync; a short write (disk full) is taken back."""
    size = os.lseek(descriptor, 0, os.SEEK_END)
    if size and _last_byte(descriptor, size) != b"\n":
        line = b"\n" + line  # closes off the torn line of a process that was killed
    try:
        if os.write(descriptor, line) != len(line):
            raise OSError("the disk is full")
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def _sync_folder(folder: Path) -> None:
    """Makes a new file's name last through a power cut; Windows opens no folders."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _last_byte(descriptor: int, size: int) -> bytes:
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1)


def _unusable(verb: str, path: Path, wrong: OSError) -> DataError:
    reason = wrong.strerror or wrong
    return DataError(f"store {path} cannot be {verb}: {reason}; name another folder or free it")
