"""`vosbench data get` against a real server that truncates, lies and is in trouble."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.data.downloading import BIG, QUICK, SMALL, Steps, part, refused, source, take
from tests.data.loopback import Act, serving
from vosbench.data.download import Patience, Source, get
from vosbench.errors import DataError


def test_an_archive_is_fetched_unpacked_without_its_wrapping_folder_and_kept(
    tmp_path: Path,
) -> None:
    with serving(SMALL) as server:
        said = take(server, tmp_path)
    digest = hashlib.sha256(SMALL).hexdigest()
    assert said == [f"sha256: {digest} (no published one is known: this is of what came)"]
    beside = tmp_path / "DAVIS-2017-trainval-480p.zip.sha256"
    assert beside.read_text() == f"{digest}  DAVIS-2017-trainval-480p.zip\n"  # as sha256sum writes
    assert server.ranges == [None]


def test_a_length_that_is_too_long_is_never_taken_for_whole(tmp_path: Path) -> None:
    with serving(SMALL, Act(claim=len(SMALL) + 7)) as server:
        line = refused(server, tmp_path)
    assert f"{len(SMALL)} of {len(SMALL) + 7} bytes" in line or "status" in line
    assert not (tmp_path / "DAVIS-2017-trainval-480p.zip").exists()


def test_a_length_that_is_too_short_is_put_aside_as_no_whole_archive(tmp_path: Path) -> None:
    with serving(SMALL, Act(claim=len(SMALL) - 7)) as server:
        line = refused(server, tmp_path)
    assert "not a whole zip or tar archive" in line
    assert line.endswith(".zip.bad: give the same command again, or another --url")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["DAVIS-2017-trainval-480p.zip.bad"]


def test_no_length_at_all_is_refused_unless_a_checksum_will_tell(tmp_path: Path) -> None:
    with serving(SMALL, Act(claim=-1)) as server:
        assert "demand its sum with --sha256" in refused(server, tmp_path)
        take(server, tmp_path, sha256=hashlib.sha256(SMALL).hexdigest())


def test_chunks_need_no_length_but_an_end(tmp_path: Path) -> None:
    with serving(SMALL, Act(chunked=True, send=2000), Act(chunked=True)) as server:
        take(server, tmp_path)
    assert server.ranges == [None, "bytes=2000-"]


def test_a_wrong_checksum_puts_the_archive_aside_and_names_both(tmp_path: Path) -> None:
    with serving(SMALL) as server:
        line = refused(server, tmp_path, sha256="0" * 64)
    assert f"sha256 {hashlib.sha256(SMALL).hexdigest()}; expected {'0' * 64}" in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["DAVIS-2017-trainval-480p.zip.bad"]


def test_bytes_that_change_under_an_honest_looking_resume_fail_the_checksum(tmp_path: Path) -> None:
    with serving(SMALL, Act(send=1000), Act()) as server:
        refused(server, tmp_path, patience=QUICK._replace(tries=1))
        server.content = SMALL[:2000] + bytes(100) + SMALL[2100:]
        digest = hashlib.sha256(SMALL).hexdigest()
        assert "sha256" in refused(server, tmp_path, sha256=digest)
        server.content = SMALL
        take(server, tmp_path, sha256=digest)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_page_that_is_gone_is_not_asked_again_and_its_part_is_kept(
    tmp_path: Path, status: int
) -> None:
    with serving(SMALL, Act(send=1000)) as server:
        refused(server, tmp_path, patience=QUICK._replace(tries=1))
        server.acts = [Act(status=status)]
        line = refused(server, tmp_path)
        assert f"status {status}" in line
        assert "https://davischallenge.org/davis2017/code.html" in line
        assert len(server.asked) == 2
        assert part(tmp_path) == SMALL[:1000]
        server.acts = [Act()]
        take(server, tmp_path)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_is_asked_again_after_growing_pauses(
    tmp_path: Path, status: int
) -> None:
    waits: list[float] = []
    patience = Patience(stall=5, tries=6, first_pause=1, longest_pause=5)
    with serving(SMALL, Act(status=status)) as server, pytest.raises(DataError, match="6 times"):
        get(source(server), tmp_path, Steps(), patience=patience, pause=waits.append)
    assert waits == [1, 2, 4, 5, 5]
    assert len(server.asked) == 6


def test_the_pause_that_a_server_asks_for_is_kept_within_reason(tmp_path: Path) -> None:
    waits: list[float] = []
    patience = Patience(first_pause=1, longest_pause=60)
    asks = [Act(status=503, headers={"Retry-After": after}) for after in ("7", "9999", "soon")]
    with serving(SMALL, *asks, Act()) as server:
        get(source(server), tmp_path, Steps(), patience=patience, pause=waits.append,
            say=lambda _: None)  # fmt: skip
    assert waits == [7, 60, 4]


def test_a_second_address_is_tried_where_the_first_has_nothing(tmp_path: Path) -> None:
    with serving(SMALL, Act(status=404)) as gone, serving(SMALL) as server:
        both = Source(name="davis2017", title="", home="", licence="", use="davis2017",
                      urls=(gone.url, server.url))  # fmt: skip
        get(both, tmp_path, Steps(), patience=QUICK, say=lambda _: None)
    assert len(gone.asked) == len(server.asked) == 1


def test_a_published_length_must_be_met(tmp_path: Path) -> None:
    with serving(SMALL) as server:
        known = Source(name="davis2017", title="", home="", licence="", use="davis2017",
                       urls=(server.url,), bytes=len(SMALL) + 1)  # fmt: skip
        with pytest.raises(DataError, match=f"{len(SMALL)} bytes; expected {len(SMALL) + 1}"):
            get(known, tmp_path, Steps(), patience=QUICK)


def test_nobody_listening_is_one_line(tmp_path: Path) -> None:
    with serving(SMALL) as server:
        pass
    assert "ConnectionRefusedError" in refused(server, tmp_path)


def test_progress_is_counted_in_mib_and_begins_where_the_part_ends(tmp_path: Path) -> None:
    steps = Steps()
    with serving(BIG, Act(send=(2 << 20) + 5), Act()) as server:
        get(source(server), tmp_path, steps, patience=QUICK, say=lambda _: None)
    assert steps.begun == [(3, 0), (3, 2)]
    assert steps.done in (2, 3)  # the MiB that the break cut in two may be counted in neither part
