"""From an address to bytes on the disk: attempts that go on where the last one stopped."""

from __future__ import annotations

import errno
import http.client
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from vosbench.data.download.http import (
    Answer,
    PassingError,
    Patience,
    RangeError,
    RefusedError,
    request,
)
from vosbench.data.download.partial import Origin, Partial
from vosbench.errors import DataError, one_line

MIB = 1 << 20
SLOWEST = 1024  # bytes a second, below which a server stalls
MARGIN = 64 * MIB  # of the disk that stays free
_BLOCK = 1 << 16
_DISK = {errno.ENOSPC, errno.EFBIG, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC)}


class Progress(Protocol):
    """Shown in MiB."""

    def begin(self, title: str, steps: int, done: int = 0) -> None: ...
    def tick(self, note: str = "") -> None: ...


def fetch(
    url: str, partial: Partial, progress: Progress, patience: Patience, *,
    length: int | None = None, checked: bool = False, pause: Callable[[float], None] = time.sleep,
) -> None:  # fmt: skip
    """Fetch a file into its partial file, whole.

    Args:
        url: https, or http on loopback.
        partial: continued where the server still has the very version that it is of.
        progress: of the bytes.
        patience: when to give up.
        length: bytes that the file must have, where its publisher says so.
        checked: a checksum will tell whether the file is whole, so that the server need not.
        pause: waits between attempts.

    Raises:
        RefusedError: no further attempt would help.
        DataError: the attempts are used up, or the disk is full. What came is kept.
    """
    attempt = _Attempt(url, partial, progress, patience.stall, length, checked)
    failures, most = 0, partial.size
    while True:
        try:
            return attempt.run()
        except (PassingError, OSError, http.client.HTTPException) as error:
            if isinstance(error, OSError) and _of_the_disk(error):
                raise _unwritable(partial, error) from error
            # Progress counts only beyond what was ever there: a server that starts over each time
            # would be asked forever.
            failures = 1 if partial.size >= most + MIB else failures + 1
            most = max(most, partial.size)
            if failures >= patience.tries:
                raise DataError(
                    f"{url}: {_what(error, patience)}, {failures} times in a row; expected the "
                    f"whole file: {_next(partial)}"
                ) from error
            wait = min(patience.first_pause * 2 ** (failures - 1), patience.longest_pause)
            asked = min(getattr(error, "pause", 0.0), patience.longest_pause)
            pause(max(wait, asked))


@dataclass(frozen=True)
class _Attempt:
    """One request, and what becomes of its answer."""

    url: str
    partial: Partial
    progress: Progress
    stall: float
    length: int | None
    checked: bool

    def run(self) -> None:
        origin = self.partial.origin()
        if origin is None or origin.url != self.url or not origin.validator:
            origin = None  # nothing would tell whether the rest is of the same version
        start = self.partial.size if origin else 0
        if origin and start and start == origin.total:
            return  # an earlier run ended between the last byte and the check
        try:
            answer = request(self.url, start, origin.validator if origin else "", self.stall)
        except RangeError:
            self.partial.discard()
            raise
        with answer.body:
            self._take(answer, origin)

    def _take(self, answer: Answer, origin: Origin | None) -> None:
        found = Origin(self.url, answer.validator, answer.total)
        if answer.start and origin and _differ(found, origin):
            self.partial.discard()
            raise PassingError("the file changed between two attempts")
        self._expect_whole(answer)
        folder = self.partial.path.parent
        room = shutil.disk_usage(folder).free - MARGIN
        if answer.total is not None and answer.total - answer.start > room:
            raise _full(folder, answer.total - answer.start, room)
        name = self.partial.whole.name
        self.progress.begin(name, (answer.total or 0) // MIB, answer.start // MIB)
        with self.partial.open(found, anew=answer.start == 0) as file:
            self._copy(answer, file, room)
        if answer.total is not None and self.partial.size != answer.total:
            came = self.partial.size
            raise PassingError(f"the connection ended after {came} of {answer.total} bytes")

    def _expect_whole(self, answer: Answer) -> None:
        if answer.total is None and not answer.framed and not self.checked:
            raise RefusedError(
                "the server does not say how long the file is, so a part of it could pass for the "
                "whole: demand its sum with --sha256"
            )
        if self.length is not None and answer.total not in (None, self.length):
            raise RefusedError(f"{answer.total} bytes; expected {self.length}")

    def _copy(self, answer: Answer, file: IO[bytes], room: int) -> None:
        since, arrived, done = time.monotonic(), 0, 0
        while block := answer.body.read1(_BLOCK):  # what is there: never waits for a full block
            file.write(block)
            for _ in range((done + len(block)) // MIB - done // MIB):
                self.progress.tick()
            arrived, done = arrived + len(block), done + len(block)
            if done > room:
                raise _full(self.partial.path.parent, done, room)
            if (now := time.monotonic()) - since >= self.stall:
                if arrived < SLOWEST * self.stall:
                    raise PassingError(f"only {arrived} bytes in {now - since:.0f} s")
                since, arrived = now, 0


def _differ(now: Origin, before: Origin) -> bool:
    """Whether two answers are of two files; one without a length may be of either."""
    return now.validator != before.validator or before.total not in (None, now.total)


def _what(error: Exception, patience: Patience) -> str:
    if isinstance(error, PassingError):
        return str(error)
    reason = getattr(error, "reason", error)  # urllib wraps what went wrong
    if isinstance(reason, TimeoutError):
        return f"nothing came for {patience.stall:g} s"
    return one_line(reason) if isinstance(reason, Exception) else one_line(error)


def _next(partial: Partial) -> str:
    """What to do after a download that was given up."""
    origin = partial.origin()
    if origin and origin.validator and partial.size:
        return f"the same command goes on from the {partial.size} bytes that came"
    return "give the same command again later, or another --url"


def _full(folder: Path, needed: int, room: int) -> DataError:
    return DataError(
        f"{folder}: {max(room, 0)} bytes to spare; expected room for {needed} more of the archive: "
        "free some, or give another --to"
    )


def _of_the_disk(error: OSError) -> bool:
    """Whether writing failed, not the network: sockets name no file and fill no disk."""
    return error.filename is not None or error.errno in _DISK


def _unwritable(partial: Partial, error: OSError) -> DataError:
    return DataError(
        f"{partial.path} cannot be written: {error.strerror or error}; expected room for the "
        "archive: free some and give the same command again, or give another --to"
    )
