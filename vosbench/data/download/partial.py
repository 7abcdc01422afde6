"""A file that is not whole yet: ``NAME.part``, and beside it which version of what it is of."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class Origin:
    """What the bytes of a partial file are of."""

    url: str
    validator: str  # an ETag or a date; empty: nothing names the version
    total: int | None  # bytes of the whole


class Partial:
    """The partial file of a path. It becomes the path itself by `finish` alone."""

    def __init__(self, whole: Path) -> None:
        self.whole = whole
        self.path = whole.with_name(f"{whole.name}.part")
        self._note = whole.with_name(f"{whole.name}.part.json")

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def origin(self) -> Origin | None:
        """What an earlier attempt was fetching; None where that is not known for certain."""
        try:
            found = Origin(**json.loads(self._note.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        sound = isinstance(found.url, str) and isinstance(found.validator, str)
        return found if sound and isinstance(found.total, int | None) else None

    def open(self, origin: Origin, *, anew: bool) -> IO[bytes]:
        """The file for the bytes of `origin` that come next: emptied first where it begins anew."""
        file = self.path.open("wb" if anew else "ab")  # emptied before it is said whose bytes come
        self._note.write_text(json.dumps(asdict(origin)), encoding="utf-8")
        return file

    def discard(self) -> None:
        """Take it away: its bytes are of no version that can be had."""
        for path in (self._note, self.path):
            path.unlink(missing_ok=True)

    def finish(self) -> None:
        """Call it whole, once its bytes are on the disk."""
        descriptor = os.open(self.path, os.O_RDWR)
        try:
            with contextlib.suppress(OSError):  # not every file system can
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self.path.replace(self.whole)
        self._note.unlink(missing_ok=True)
