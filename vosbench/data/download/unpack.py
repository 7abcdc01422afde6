"""Unpacking an archive that may be hostile: into a new folder, put in place when it is complete."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from vosbench.data.download.members import ArchiveError, Member, damaged, opened, told
from vosbench.errors import DataError

GIB = 1 << 30
MARGIN = GIB // 16  # of the disk that stays free
_BLOCK = 1 << 20
_CLUTTER = ("__MACOSX",)  # what Finder adds to a zip


class Limits(NamedTuple):
    """What no video data set comes near; an archive beyond it is a bomb."""

    bytes: int = 1024 * GIB  # unpacked
    members: int = 5_000_000
    ratio: int = 100  # unpacked bytes for one packed; pictures are compressed already


def inspect(archive: Path, limits: Limits = Limits()) -> int:  # noqa: B008 - immutable
    """Read an archive's list of members; the bytes that they will take.

    Raises ArchiveError for what `opened` refuses, for a name that leads out of the folder or stands
    twice, and for more than the limits.
    """
    files: set[str] = set()
    folders: set[str] = set()
    total = count = 0
    for member, parts in _checked(archive):
        total, count = total + member.size, count + 1
        _expect_small(archive, total, count, limits)
        path = "/".join(parts)
        above = {"/".join(parts[:n]) for n in range(1, len(parts))}
        if path in files or (not member.folder and path in folders) or above & files:
            raise _bad_name(archive, member.name, "stands twice")
        folders |= above
        (folders if member.folder else files).add(path)
    if not files:
        raise ArchiveError(f"{archive.name}: no files; expected a data set: try another --url")
    return total


def unpack(archive: Path, folder: Path, limits: Limits = Limits()) -> None:  # noqa: B008
    """Unpack an archive as `folder`, which is new; without the one folder that wraps it all.

    Everything goes to a hidden folder beside it first: `folder` is there whole or not at all.

    Raises:
        ArchiveError: see `inspect`; or a member is damaged or not as long as it says.
        DataError: the disk has too little room.
        OSError: writing fails all the same.
    """
    needed = inspect(archive, limits)
    room = shutil.disk_usage(folder.parent).free - MARGIN
    if needed > room:
        raise DataError(
            f"{folder.parent}: {max(room, 0)} bytes to spare; expected room for {needed}, "
            "unpacked: free some, or give another --to"
        )
    hidden = folder.with_name(f".{folder.name}.unpacking")
    if hidden.exists():
        shutil.rmtree(hidden)  # of a run that was killed
    inner = hidden / "all"
    inner.mkdir(parents=True)
    try:
        for member, parts in _checked(archive):
            _write(archive, member, inner.joinpath(*parts))
        found = list(inner.iterdir())
        (found[0] if len(found) == 1 and found[0].is_dir() else inner).rename(folder)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def _checked(archive: Path) -> Iterator[tuple[Member, tuple[str, ...]]]:
    """Members with the parts of their names, which lead nowhere but down."""
    with opened(archive) as members:
        for member in members:
            name = member.name.removesuffix("/") if member.folder else member.name
            parts = PurePosixPath(name).parts
            if name.startswith("./"):
                name = name.removeprefix("./")
            if member.folder and name in ("", "."):
                continue
            if (
                not parts or name != "/".join(parts) or parts[0] == "/" or ".." in parts
                or re.search(r"[\\:\x00-\x1f\x7f]", name) or max(map(len, parts)) > 200
            ):  # fmt: skip
                raise _bad_name(archive, member.name, "is no plain path inside the archive")
            if parts[0] not in _CLUTTER:
                yield member, parts


def _write(archive: Path, member: Member, path: Path) -> None:
    if member.folder:
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    left = member.size
    # A new file, with no mode from the archive.
    with told(archive), member.open() as source, path.open("xb") as file:
        while block := source.read(_BLOCK):
            left -= len(block)
            if left < 0:
                break
            file.write(block)
    if left:
        raise damaged(archive, f"{member.name!r} is not as long as it says")


def _expect_small(archive: Path, total: int, count: int, limits: Limits) -> None:
    packed = archive.stat().st_size
    if total > limits.bytes or count > limits.members or total > limits.ratio * packed + GIB // 64:
        raise ArchiveError(
            f"{archive.name}: {packed} bytes that unpack to at least {total} in {count} files; "
            f"expected at most {limits.ratio} times as many and {limits.bytes} in all: "
            "this is not the data set as published"
        )


def _bad_name(archive: Path, name: str, what: str) -> ArchiveError:
    return ArchiveError(
        f"{archive.name}: {name[:200]!r} {what}; expected names such as JPEGImages/480p/bear/"
        "00000.jpg, each once: this is not the data set as published"
    )
