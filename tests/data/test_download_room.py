"""A download where the disk is full, and where something lies in its place."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.data.downloading import BIG, SMALL, Steps, refused, source, take
from tests.data.loopback import Act, serving
from vosbench.data.download import fetch as fetching
from vosbench.data.download import get
from vosbench.errors import UsageError


class Usage:
    """Free bytes of a disk."""

    def __init__(self, free: int) -> None:
        self.free = free


def test_too_little_room_is_said_before_a_byte_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: Usage(fetching.MARGIN + 100))
    with serving(SMALL) as server:
        line = refused(server, tmp_path)
    assert f"100 bytes to spare; expected room for {len(SMALL)} more" in line
    assert not list(tmp_path.iterdir())


def test_too_little_room_for_the_unpacked_set_keeps_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vosbench.data.download import unpack

    free = iter([fetching.MARGIN + 2 * len(SMALL), unpack.MARGIN + 10])
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: Usage(next(free)))
    with serving(SMALL) as server:
        assert "10 bytes to spare" in refused(server, tmp_path)
        monkeypatch.undo()
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        take(server, tmp_path)
    assert len(server.asked) == 1  # not fetched again


def test_a_body_without_a_length_ends_where_the_disk_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: Usage(fetching.MARGIN + 1000))
    with serving(BIG, Act(chunked=True)) as server:
        assert "1000 bytes to spare" in refused(server, tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_one_line_and_no_network_fault(tmp_path: Path) -> None:
    (tmp_path / "DAVIS-2017-trainval-480p.zip.part").symlink_to("/dev/full")
    with serving(BIG) as server:
        line = refused(server, tmp_path)
    assert os.strerror(errno.ENOSPC) in line
    assert len(server.asked) == 1


def test_an_archive_that_is_there_is_used_without_asking(tmp_path: Path) -> None:
    (tmp_path / "DAVIS-2017-trainval-480p.zip").write_bytes(SMALL)
    with serving(SMALL) as server:
        take(server, tmp_path)
        assert not server.asked


@pytest.mark.parametrize("demanded", ["", "0" * 64])
def test_an_archive_that_is_there_must_have_the_sum_it_came_with_or_the_one_demanded(
    tmp_path: Path, demanded: str
) -> None:
    with serving(SMALL) as server:
        take(server, tmp_path)
        (tmp_path / "davis2017").rename(tmp_path / "elsewhere")
        if not demanded:
            with (tmp_path / "DAVIS-2017-trainval-480p.zip").open("ab") as file:
                file.write(b"x")
        assert "take it away" in refused(server, tmp_path, sha256=demanded)


def test_a_folder_that_is_there_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "davis2017").mkdir()
    with serving(SMALL) as server, pytest.raises(UsageError, match="is there already"):
        get(source(server), tmp_path, Steps())
    assert not server.asked
