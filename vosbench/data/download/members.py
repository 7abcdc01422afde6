"""What an archive holds, read with suspicion: nothing but plain files and folders inside it."""

from __future__ import annotations

import bz2
import contextlib
import errno
import gzip
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from vosbench.errors import DataError

_OPENERS: Mapping[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open,
}  # fmt: skip
_LONGEST_READ = 1 << 24  # bytes that a tar may have read at once: its headers are no longer
_DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error, EOFError,
    ValueError, LookupError, RuntimeError, OverflowError,
)  # fmt: skip


class ArchiveError(DataError):
    """An archive that is not what it should be: its bytes are of no use."""


class Member(NamedTuple):
    """A plain file or a folder of an archive."""

    name: str  # as the archive says it, unchecked
    size: int  # bytes, as the archive says
    folder: bool
    open: Callable[[], IO[bytes]]  # only until the next member is asked for


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Iterator[Member]]:
    """The members of a zip or tar (plain, gz, bz2 or xz), in its order.

    Raises ArchiveError for a file that is none, is damaged, is encrypted, or holds a link, a device
    or anything else that is neither file nor folder.
    """
    with told(path):
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                yield _of_zip(path, archive)
        else:
            with (
                _plain(path) as plain,
                tarfile.open(fileobj=cast(IO[bytes], plain), mode="r:") as tar,
            ):
                yield _of_tar(path, tar, plain)


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """What the readers of archives raise for damaged ones, as an ArchiveError."""
    try:
        yield
    except _DAMAGED as error:
        raise damaged(path, error) from error
    except OSError as error:
        if error.errno in (None, errno.EINVAL):  # gzip's and bz2's own; a seek to before the start
            raise damaged(path, error) from error
        raise


def damaged(path: Path, error: object) -> ArchiveError:
    """The error for an archive that cannot be read to its end."""
    return ArchiveError(
        f"{path.name}: not a whole zip or tar archive ({str(error)[:120]}); expected the data set's"
    )


def _of_zip(path: Path, archive: zipfile.ZipFile) -> Iterator[Member]:
    for entry in archive.infolist():
        mode = entry.external_attr >> 16
        kind = stat.S_IFMT(mode)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _not_plain(path, entry.orig_filename, "a link or a device")
        if entry.flag_bits & 1:
            raise _not_plain(path, entry.orig_filename, "encrypted")
        # The name as it is written: zipfile's own ends at a zero byte.
        yield Member(
            entry.orig_filename, entry.file_size, entry.is_dir(), partial(archive.open, entry)
        )


def _of_tar(path: Path, tar: tarfile.TarFile, plain: _Bounded) -> Iterator[Member]:
    for entry in tar:
        if not (entry.isreg() or entry.isdir()) or entry.issparse():
            raise _not_plain(path, entry.name, "a link, a device or a sparse file")
        yield Member(entry.name, entry.size, entry.isdir(), partial(_stream, path, tar, entry))
    # tarfile ends in silence at a header that is cut short or damaged: a whole tar ends in zeros.
    plain.seek(tar.offset)
    if plain.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise damaged(path, "its end is missing")


def _stream(path: Path, tar: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    filter_ = getattr(tarfile, "data_filter", None)  # from Python 3.11.4 on: a second look
    stream = tar.extractfile(filter_(entry, str(path.parent)) if filter_ else entry)
    if stream is None:
        raise _not_plain(path, entry.name, "no file")
    return stream


def _not_plain(path: Path, name: str, what: str) -> ArchiveError:
    return ArchiveError(
        f"{path.name}: {name!r} is {what}; expected plain files and folders alone: "
        "this is not the data set as published"
    )


class _Bounded:
    """A stream that refuses to read much at once: a tar's header may claim any length."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def __enter__(self) -> _Bounded:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LONGEST_READ:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self._stream.read(size)

    def seek(self, offset: int) -> int:
        return self._stream.seek(offset)

    def tell(self) -> int:
        return self._stream.tell()


def _plain(path: Path) -> _Bounded:
    with path.open("rb") as file:
        start = file.read(8)
    for magic, open_ in _OPENERS.items():
        if start.startswith(magic):
            return _Bounded(open_(path))
    return _Bounded(path.open("rb"))
