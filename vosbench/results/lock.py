"""A lock on an open file: one writer at a time, freed by the system if its holder dies."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    _BEYOND = 1 << 40  # a byte no store reaches: on Windows a locked byte is unreadable

    @contextlib.contextmanager
    def locked(descriptor: int, *, shared: bool = False) -> Iterator[None]:
        """Hold the lock of an open file; Windows knows no shared one, so it is always exclusive."""
        os.lseek(descriptor, _BEYOND, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
        try:
            yield
        finally:
            os.lseek(descriptor, _BEYOND, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

    def claim(descriptor: int) -> bool:
        """Take the lock of an open file until it is closed; False where another one has it."""
        os.lseek(descriptor, _BEYOND, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    @contextlib.contextmanager
    def locked(descriptor: int, *, shared: bool = False) -> Iterator[None]:
        """Hold the lock of an open file: shared among readers, exclusive for a writer."""
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)

    def claim(descriptor: int) -> bool:
        """Take the lock of an open file until it is closed; False where another one has it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
