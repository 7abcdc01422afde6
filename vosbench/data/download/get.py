"""From a name to a folder of frames and masks: fetch, check, unpack."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from vosbench.data.download.fetch import Progress, fetch
from vosbench.data.download.http import Patience, RefusedError, expect_allowed
from vosbench.data.download.members import ArchiveError
from vosbench.data.download.partial import Partial
from vosbench.data.download.sources import Source
from vosbench.data.download.unpack import inspect, unpack
from vosbench.errors import DataError, UsageError


def choose(source: Source, url: str = "", sha256: str = "") -> Source:
    """A source with an address or a checksum of the user's own.

    Args:
        source: the data set.
        url: in place of its addresses; the published checksum and length do not hold there.
        sha256: that the archive must have, 64 hex digits.

    Raises UsageError for an address or a checksum that is none, or where there is no address.
    """
    sha256 = sha256.lower()
    if sha256 and not re.fullmatch("[0-9a-f]{64}", sha256):
        raise UsageError(
            f"--sha256 {sha256!r}: not a sum; expected 64 hexadecimal digits: give it in full"
        )
    if url:
        source = replace(source, urls=(url,), sha256=None, bytes=None)
    if not source.urls:
        raise UsageError(
            f"{source.name} has no address that a program may fetch; expected it by hand from "
            f"{source.home}: lay it out as PATH/{source.layout}, then --data {source.use}=PATH"
        )
    for address in source.urls:
        expect_allowed(address)
    return replace(source, sha256=sha256 or source.sha256)


def get(
    source: Source, to: Path, progress: Progress, *, patience: Patience = Patience(),  # noqa: B008
    say: Callable[[str], None] = print, pause: Callable[[float], None] = time.sleep,
) -> Path:  # fmt: skip
    """Fetch an archive into a folder and unpack it there.

    An archive that is there already, whole, is not fetched again. Nothing is taken for the data set
    before its length, its checksum where one is known, and every name in it are checked.

    Args:
        source: the data set, as `choose` gives it.
        to: folder for ``ARCHIVE``, ``ARCHIVE.sha256`` and the unpacked ``NAME``.
        progress: of the bytes.
        patience: with a slow or broken server.
        say: takes a line that the user should read.
        pause: waits between attempts.

    Returns:
        The unpacked folder, new.

    Raises:
        UsageError: the folder is there already.
        DataError: anything that went wrong; a partial archive is kept, and continued next time.
    """
    folder = to / source.name
    if folder.exists():
        raise UsageError(
            f"{folder}: is there already; expected a new folder: use it (--data {source.use}="
            f"{folder}), take it away, or give another --to"
        )
    archive = to / _file_name(source)
    try:
        if archive.exists():
            _expect_sum(source, archive)
        else:
            _bring(source, archive, progress, patience, say, pause)
        unpack(archive, folder)
    except ArchiveError as error:
        raise _put_aside(archive, str(error)) from error
    except OSError as error:
        raise DataError(
            f"{error.filename or to} cannot be read or written: {error.strerror or error}; "
            "expected room for the data set: free some and give the same command again"
        ) from error
    return folder


def _file_name(source: Source) -> str:
    name = unquote(urlsplit(source.urls[0]).path).rpartition("/")[2]
    return name if re.fullmatch(r"\w[\w.+-]{0,150}", name) else f"{source.name}.archive"


def _bring(
    source: Source, archive: Path, progress: Progress, patience: Patience,
    say: Callable[[str], None], pause: Callable[[float], None],
) -> None:  # fmt: skip
    """Fetch the archive from the first address that has it, check it and call it whole."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    partial = Partial(archive)
    refused = []
    for url in source.urls:
        try:
            fetch(url, partial, progress, patience, length=source.bytes,
                  checked=source.sha256 is not None, pause=pause)  # fmt: skip
            break
        except RefusedError as error:
            refused.append(f"{url}: {error}")
    else:
        raise DataError(
            f"{'; '.join(refused)}; expected the archive: see {source.home} for where it is now, "
            "and give that as --url"
        )
    found = _sum(partial.path)
    if source.sha256 not in (None, found):
        raise _put_aside(archive, f"{archive.name}: sha256 {found}; expected {source.sha256}")
    inspect(partial.path)
    if source.sha256 is None:
        say(f"sha256: {found} (no published one is known: this is of what came)")
    _beside(archive).write_text(f"{found}  {archive.name}\n", encoding="utf-8")
    partial.finish()


def _expect_sum(source: Source, archive: Path) -> None:
    """An archive that is there: it must have the sum demanded, or else the one it came with."""
    found, beside = _sum(archive), _beside(archive)
    noted = beside.read_text(encoding="utf-8", errors="replace")[:64] if beside.exists() else found
    expected = source.sha256 or noted
    if found != expected:
        raise DataError(
            f"{archive}: sha256 {found}; expected {expected}: take it away, and give the same "
            "command again"
        )


def _put_aside(archive: Path, what: str) -> DataError:
    """The error for an archive that is wrong, which nothing takes for the data set from now on."""
    bad = archive.with_name(f"{archive.name}.bad")
    (archive if archive.exists() else Partial(archive).path).replace(bad)
    Partial(archive).discard()
    _beside(archive).unlink(missing_ok=True)
    return DataError(f"{what}; kept as {bad}: give the same command again, or another --url")


def _beside(archive: Path) -> Path:
    return archive.with_name(f"{archive.name}.sha256")


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
