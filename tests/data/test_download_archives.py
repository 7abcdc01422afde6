"""Unpacking archives that try to get out, to blow up, or to pass for something else."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.loopback import FRAMES, zipped
from vosbench.data.download import unpack as unpacking
from vosbench.data.download.members import ArchiveError
from vosbench.data.download.unpack import Limits, inspect, unpack
from vosbench.errors import DataError

ESCAPES = [
    "/etc/evil", "../evil", "DAVIS/../../evil", "DAVIS/..", "..", "//evil/share", "DAVIS//evil",
    "DAVIS/./evil", "C:/evil", "C:evil", "..\\evil", "DAVIS\\evil", "a\nb", "a\x1b[2Jb", "x" * 201,
    "DAVIS/evil/../ok",
]  # fmt: skip


def tarred(
    files: dict[str, bytes], *entries: tarfile.TarInfo, mode: str = "w",
    form: int = tarfile.GNU_FORMAT,
) -> bytes:  # fmt: skip
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        for entry in entries:
            archive.addfile(entry, io.BytesIO(bytes(entry.size)))
    return content.getvalue()


def put(folder: Path, content: bytes, name: str = "a.zip") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def refused(folder: Path, content: bytes, name: str = "a.zip") -> str:
    """The one line for an archive; nothing may be left of the attempt, inside or out."""
    inner = folder / "to"
    inner.mkdir(exist_ok=True)
    path = put(folder, content, name)
    with pytest.raises(ArchiveError) as caught:
        unpack(path, inner / "davis2017")
    assert not list(inner.iterdir())
    assert sorted(p.name for p in folder.iterdir()) == [name, "to"]
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(f"{name}: ")
    assert "expected" in line
    return line


def unpacked(folder: Path, content: bytes) -> dict[str, bytes]:
    target = folder / "davis2017"
    unpack(put(folder, content), target)
    return {p.relative_to(target).as_posix(): p.read_bytes()
            for p in target.rglob("*") if p.is_file()}  # fmt: skip


def entry(name: str, kind: bytes, **fields: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type = kind
    for field, value in fields.items():
        setattr(made, field, value)
    return made


def zip_of(info: zipfile.ZipInfo, data: bytes = b"x") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(info, data)
    return content.getvalue()


INSIDE = {name.removeprefix("DAVIS/"): data for name, data in FRAMES.items()}
KINDS: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "zip": zipped,
    "tar": tarred,
    "tar.gz": lambda files: tarred(files, mode="w:gz"),
    "tar.bz2": lambda files: tarred(files, mode="w:bz2"),
    "tar.xz": lambda files: tarred(files, mode="w:xz"),
    "pax": lambda files: tarred(files, form=tarfile.PAX_FORMAT),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_unpacked_without_the_folder_that_wraps_it(tmp_path: Path, kind: str) -> None:
    assert unpacked(tmp_path, KINDS[kind](FRAMES)) == INSIDE
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "davis2017"]


def test_an_archive_without_a_wrapping_folder_keeps_all_its_folders(tmp_path: Path) -> None:
    assert unpacked(tmp_path, zipped(INSIDE)) == INSIDE


def test_leading_dots_folders_and_finders_clutter_are_taken_as_they_are_meant(
    tmp_path: Path,
) -> None:
    named = {f"./{name}": data for name, data in FRAMES.items()} | {"__MACOSX/._DAVIS": b"x"}
    folders = [entry(".", tarfile.DIRTYPE), entry("./DAVIS", tarfile.DIRTYPE)]
    assert unpacked(tmp_path, tarred(named, *folders)) == INSIDE


@pytest.mark.parametrize("name", ESCAPES)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, kind: str, name: str) -> None:
    line = refused(tmp_path, KINDS[kind](FRAMES | {name: b"evil"}))
    assert "is no plain path inside the archive" in line


def test_a_zip_name_with_a_zero_byte_is_read_as_it_is_written(tmp_path: Path) -> None:
    hidden = zipped({"DAVIS/aaaaZ..": b"x"}).replace(b"aaaaZ..", b"aaaa\0..")
    assert "is no plain path" in refused(tmp_path, hidden)


@pytest.mark.parametrize(
    "odd",
    [
        entry("DAVIS/a", tarfile.SYMTYPE, linkname="/etc/passwd"),
        entry("DAVIS/a", tarfile.SYMTYPE, linkname="JPEGImages"),
        entry("DAVIS/a", tarfile.LNKTYPE, linkname="DAVIS/ImageSets/2017/val.txt"),
        entry("DAVIS/a", tarfile.CHRTYPE, devmajor=1, devminor=5),
        entry("DAVIS/a", tarfile.BLKTYPE, devmajor=8, devminor=0),
        entry("DAVIS/a", tarfile.FIFOTYPE),
    ],
)
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, odd: tarfile.TarInfo) -> None:
    assert "is a link, a device or a sparse file" in refused(tmp_path, tarred(FRAMES, odd))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_in_a_zip_are_refused(tmp_path: Path, kind: int) -> None:
    info = zipfile.ZipInfo("DAVIS/a")
    info.create_system, info.external_attr = 3, (kind | 0o777) << 16
    assert "is a link or a device" in refused(tmp_path, zip_of(info, b"/etc/passwd"))


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped())
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + at] |= 1
    assert "is encrypted" in refused(tmp_path, bytes(content))


@pytest.mark.parametrize(
    "names",
    [("DAVIS/a", "DAVIS/a"), ("DAVIS/a", "DAVIS/a/b"), ("DAVIS/a/b", "DAVIS/a")],
)
def test_a_name_that_stands_twice_is_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    made = [entry(name, tarfile.REGTYPE, size=3) for name in names]
    assert "stands twice" in refused(tmp_path, tarred(FRAMES, *made))


def test_no_mode_of_the_archive_reaches_the_disk(tmp_path: Path) -> None:
    content = tarred({}, entry("DAVIS/a", tarfile.REGTYPE, size=1, mode=0o6777, uid=0))
    unpacked(tmp_path, content)
    assert not (tmp_path / "davis2017" / "a").stat().st_mode & 0o7111


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.xz"])
def test_a_bomb_is_refused_by_its_ratio_before_it_is_unpacked(tmp_path: Path, kind: str) -> None:
    line = refused(tmp_path, KINDS[kind]({"DAVIS/zeros": bytes(40 << 20)}))
    assert f"unpack to at least {40 << 20} in 1 files; expected at most 100 times" in line


def test_more_bytes_or_members_than_the_limits_are_refused(tmp_path: Path) -> None:
    path = put(tmp_path, zipped())
    total = sum(map(len, FRAMES.values()))
    assert inspect(path, Limits(bytes=total, members=3)) == total
    for limits in (Limits(bytes=total - 1), Limits(members=2)):
        with pytest.raises(ArchiveError, match="this is not the data set as published"):
            inspect(path, limits)


def test_a_tar_header_that_would_fill_the_memory_is_never_read(tmp_path: Path) -> None:
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 8 << 30
    content = header.tobuf(tarfile.GNU_FORMAT) + bytes(10240)
    assert f"a header of {8 << 30} bytes" in refused(tmp_path, gzip.compress(content))


def test_a_gzip_of_endless_zeros_is_no_tar(tmp_path: Path) -> None:
    assert "no files" in refused(tmp_path, gzip.compress(bytes(64 << 20)))


def test_a_zip_member_longer_than_it_says_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"DAVIS/a": b"0123456789" * 50}))
    for magic, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = content.index(magic) + at
        content[start : start + 4] = (7).to_bytes(4, "little")
    assert "not a whole zip or tar archive" in refused(tmp_path, bytes(content))


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>404</html>" * 99, b"PK\x03\x04", b"\x1f\x8b", gzip.compress(b"no tar"),
     bz2.compress(b"no tar" * 999), b"\xfd7zXZ\x00", bytes(2000)],
)  # fmt: skip
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    refused(tmp_path, content)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.1, 0.2, 0.3])
def test_an_archive_cut_short_is_refused(tmp_path: Path, kind: str, share: float) -> None:
    whole = KINDS[kind](FRAMES)
    refused(tmp_path, whole[: int(len(whole) * share)])


@pytest.mark.parametrize("cut", [1024, 1024 + 200, 2048])
def test_a_tar_that_ends_before_its_end_is_refused(tmp_path: Path, cut: int) -> None:
    line = refused(tmp_path, tarred({"DAVIS/a": b"1", "DAVIS/b": b"2"})[:cut])
    assert "its end is missing" in line


def test_a_tar_whose_second_header_is_damaged_is_refused(tmp_path: Path) -> None:
    content = bytearray(tarred({"DAVIS/a": b"1", "DAVIS/b": b"2"}))
    content[1024] ^= 1
    assert "its end is missing" in refused(tmp_path, bytes(content))


def test_a_member_whose_bytes_flipped_is_found_by_its_sum(tmp_path: Path) -> None:
    content = zipped(padding=4000)
    middle = content.index(b"padding.bin") + 2000
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    assert "Bad CRC-32" in refused(tmp_path, flipped)


def test_what_a_killed_run_left_is_cleared_and_a_link_in_its_place_is_not_followed(
    tmp_path: Path,
) -> None:
    (tmp_path / ".davis2017.unpacking" / "all" / "old").mkdir(parents=True)
    assert unpacked(tmp_path, zipped()) == INSIDE
    precious = tmp_path / "precious"
    precious.mkdir()
    (tmp_path / ".other.unpacking").symlink_to(precious, target_is_directory=True)
    with pytest.raises(OSError, match="symbolic link"):
        unpack(tmp_path / "a.zip", tmp_path / "other")
    assert precious.is_dir()
    assert not list(precious.iterdir())


def test_a_full_disk_leaves_no_half_of_the_data_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path, zipped())
    written: list[Path] = []
    write = unpacking._write

    def fills(archive: Path, member: object, where: Path) -> None:
        if written:
            raise OSError(28, os.strerror(28), str(where))
        written.append(where)
        write(archive, member, where)  # type: ignore[arg-type]

    monkeypatch.setattr(unpacking, "_write", fills)
    with pytest.raises(OSError, match=os.strerror(28)):
        unpack(path, tmp_path / "davis2017")
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


def test_a_zip_whose_members_would_lie_before_its_start_is_damaged(tmp_path: Path) -> None:
    content = bytearray(KINDS["zip"](FRAMES))
    content[477] = 1  # of a member's offset, so that Python seeks to a negative place
    with pytest.raises(DataError, match="not a whole zip or tar archive"):
        unpack(put(tmp_path, bytes(content)), tmp_path / "davis2017")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_mutation_of_an_archive_writes_outside_or_ends_in_anything_but_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(KINDS[data.draw(st.sampled_from(sorted(KINDS)))](FRAMES))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("mutated")
    path = put(folder, bytes(content))
    refusal = ""
    try:
        unpack(path, folder / "davis2017")
    except DataError as error:
        refusal = str(error)
    left = sorted(p.name for p in folder.iterdir())
    assert left == (["a.zip"] if refusal else ["a.zip", "davis2017"])
    assert "\n" not in refusal
