"""`vosbench data get` against a real server that stalls, truncates, lies and changes its mind."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.loopback import FRAMES, Act, Server, serving, zipped
from vosbench.data.download import SOURCES, Patience, Source, choose, get
from vosbench.data.download import fetch as fetching
from vosbench.errors import DataError, UsageError

SMALL = zipped(padding=5000)
BIG = zipped(padding=3 << 20)
QUICK = Patience(stall=0.3, tries=3, first_pause=0.0, longest_pause=0.0)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")


class Steps:
    """Progress that counts."""

    def __init__(self) -> None:
        self.begun: list[tuple[int, int]] = []
        self.done = 0

    def begin(self, title: str, steps: int, done: int = 0) -> None:
        assert title == "DAVIS-2017-trainval-480p.zip"
        self.begun.append((steps, done))

    def tick(self, note: str = "") -> None:
        self.done += 1


def source(server: Server, sha256: str = "") -> Source:
    return choose(SOURCES["davis2017"], server.url, sha256)


def take(server: Server, to: Path, *, sha256: str = "", patience: Patience = QUICK) -> list[str]:
    """What `get` says; it must succeed."""
    said: list[str] = []
    folder = get(source(server, sha256), to, Steps(), patience=patience, say=said.append)
    assert folder == to / "davis2017"
    found = {path.relative_to(folder).as_posix(): path.read_bytes()
             for path in folder.rglob("*") if path.is_file()}  # fmt: skip
    assert {
        f"DAVIS/{name}": data for name, data in found.items() if "padding" not in name
    } == FRAMES
    assert (to / "DAVIS-2017-trainval-480p.zip").read_bytes() == server.content
    assert not list(to.glob("*.part*"))
    return said


def refused(server: Server, to: Path, *, sha256: str = "", patience: Patience = QUICK) -> str:
    """The one line with which `get` fails; nothing may pass for the data set then."""
    with pytest.raises(DataError) as caught:
        get(source(server, sha256), to, Steps(), patience=patience, say=lambda _: None)
    line = str(caught.value)
    assert "\n" not in line
    assert "expected" in line
    assert not (to / "davis2017").exists()
    assert not list(to.glob(".davis2017.unpacking"))
    return line


def part(to: Path) -> bytes:
    return (to / "DAVIS-2017-trainval-480p.zip.part").read_bytes()


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


def test_a_connection_that_breaks_is_continued_where_it_broke(tmp_path: Path) -> None:
    with serving(SMALL, Act(send=1000), Act(send=500), Act()) as server:
        take(server, tmp_path)
    assert server.ranges == [None, "bytes=1000-", "bytes=1500-"]
    assert [headers.get("If-Range") for headers in server.asked] == [None, '"v1"', '"v1"']


def test_a_download_given_up_is_continued_by_the_next_command(tmp_path: Path) -> None:
    with serving(SMALL, Act(send=1000)) as server:
        line = refused(server, tmp_path, patience=QUICK._replace(tries=1))
        assert "ended after 1000 of" in line
        assert "goes on from the 1000 bytes" in line
        assert part(tmp_path) == SMALL[:1000]
        server.acts = [Act()]
        take(server, tmp_path)
    assert server.ranges == [None, "bytes=1000-"]


def test_a_server_that_falls_silent_is_asked_again_after_the_stall_time(tmp_path: Path) -> None:
    with serving(SMALL, Act(send=700, stall=True), Act()) as server:
        take(server, tmp_path)
    assert server.ranges == [None, "bytes=700-"]


def test_a_server_that_stays_silent_is_given_up_with_its_part_kept(tmp_path: Path) -> None:
    with serving(SMALL, Act(send=700, stall=True), Act(send=0, stall=True)) as server:
        assert "nothing came for 0.3 s, 3 times in a row" in refused(server, tmp_path)
    assert part(tmp_path) == SMALL[:700]


def test_a_server_that_drips_bytes_stalls_too(tmp_path: Path) -> None:
    with serving(SMALL, Act(drip=0.02)) as server:
        line = refused(server, tmp_path, patience=QUICK._replace(tries=1))
    assert re.search(r"only \d+ bytes in 0 s", line)


def test_a_server_that_ignores_range_is_taken_from_the_start(tmp_path: Path) -> None:
    with serving(SMALL, Act(send=1000), Act(ranges=False)) as server:
        take(server, tmp_path)
    assert server.ranges == [None, "bytes=1000-"]


def test_a_server_that_always_starts_over_and_breaks_is_not_asked_forever(tmp_path: Path) -> None:
    with serving(BIG, Act(send=2 << 20, ranges=False)) as server:
        refused(server, tmp_path)
    # The first attempt brings 2 MiB of news and so counts as the first failure; the rest none.
    assert len(server.asked) == QUICK.tries


def test_a_broken_line_that_brings_news_each_time_is_not_given_up(tmp_path: Path) -> None:
    with serving(BIG, *[Act(send=1 << 20)] * 3, Act()) as server:
        take(server, tmp_path, patience=QUICK._replace(tries=2))
    assert len(server.asked) == 4


def test_a_file_that_changed_between_two_attempts_is_taken_anew(tmp_path: Path) -> None:
    with serving(SMALL, Act(send=1000, etag='"v0"'), Act()) as server:
        take(server, tmp_path)
    assert server.asked[1]["If-Range"] == '"v0"'


def test_a_server_that_sends_the_rest_of_a_changed_file_is_noticed(tmp_path: Path) -> None:
    with serving(SMALL, Act(send=1000, etag='"v0"'), Act(heeds=False), Act()) as server:
        take(server, tmp_path)
    assert server.ranges == [None, "bytes=1000-", None]


def test_a_file_that_nothing_names_is_never_continued(tmp_path: Path) -> None:
    with serving(SMALL, Act(send=1000, etag='W/"weak"'), Act()) as server:
        line = refused(server, tmp_path, patience=QUICK._replace(tries=1))
        assert line.endswith("give the same command again later, or another --url")
        take(server, tmp_path)
    assert server.ranges == [None, None]


def test_a_date_names_a_file_where_there_is_no_strong_tag(tmp_path: Path) -> None:
    with serving(SMALL, Act(send=1000), Act()) as server:
        server.etag, server.modified = "", "Mon, 27 Mar 2017 10:00:00 GMT"
        take(server, tmp_path)
    assert server.ranges == [None, "bytes=1000-"]
    assert server.asked[1]["If-Range"] == server.modified


def test_a_part_of_another_address_is_not_continued(tmp_path: Path) -> None:
    with serving(SMALL, Act(send=1000)) as other:
        refused(other, tmp_path)
    with serving(SMALL) as server:
        take(server, tmp_path)
    assert server.ranges == [None]


@pytest.mark.parametrize("note", ["", "{}", "[]", '{"url": 3, "validator": "", "total": 1}'])
def test_a_part_with_a_damaged_note_is_not_continued(tmp_path: Path, note: str) -> None:
    with serving(SMALL, Act(send=1000), Act()) as server:
        refused(server, tmp_path, patience=QUICK._replace(tries=1))
        (tmp_path / "DAVIS-2017-trainval-480p.zip.part.json").write_text(note)
        take(server, tmp_path)
    assert server.ranges == [None, None]


def test_a_whole_part_that_was_never_checked_is_checked_without_asking(tmp_path: Path) -> None:
    with serving(SMALL, Act(send=len(SMALL) - 1)) as server:
        refused(server, tmp_path, patience=QUICK._replace(tries=1))
        with (tmp_path / "DAVIS-2017-trainval-480p.zip.part").open("ab") as file:
            file.write(SMALL[-1:])
        take(server, tmp_path)
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    "wrong", [Act(content_range="bytes 7-99/100"), Act(content_range="nonsense"), Act(status=416)]
)
def test_a_wrong_range_makes_it_start_anew_without_one(tmp_path: Path, wrong: Act) -> None:
    with serving(SMALL, Act(send=1000), wrong, Act()) as server:
        take(server, tmp_path)
    assert server.ranges == [None, "bytes=1000-", None]


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


@pytest.fixture(name="redirecting")
def _redirecting(request: pytest.FixtureRequest) -> Iterator[Server]:
    with serving(SMALL, Act(status=302, headers={"Location": request.param})) as server:
        yield server


@pytest.mark.parametrize(
    "redirecting",
    ["http://example.org/a.zip", "file:///etc/passwd", "ftp://example.org/a.zip", "data:,a"],
    indirect=True,
)
def test_a_redirect_to_anything_but_https_is_refused(tmp_path: Path, redirecting: Server) -> None:
    line = refused(redirecting, tmp_path)
    assert "which is not https" in line or "status 302" in line
    assert len(redirecting.asked) == 1


def test_a_redirect_within_this_machine_is_followed(tmp_path: Path) -> None:
    with serving(SMALL, Act(status=302, headers={"Location": "/moved.zip"}), Act()) as server:
        take(server, tmp_path)
    assert server.paths == ["/DAVIS-2017-trainval-480p.zip", "/moved.zip"]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a.zip", "http://127.0.0.1.example.org/a.zip", "ftp://example.org/a.zip",
        "file:///etc/passwd", "example.org/a.zip", "https:///a.zip", "https://example.org/a b",
        "https://example.org/a\r\nX: y", "http://localhost@example.org/a.zip",
    ],
)  # fmt: skip
def test_an_address_that_is_not_https_is_refused_before_anything_is_asked(url: str) -> None:
    with pytest.raises(UsageError, match=r"--url .*expected https"):
        choose(SOURCES["davis2017"], url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/a", "http://[::1]/a", "http://localhost/a"])
def test_http_is_for_this_machine_itself(url: str) -> None:
    assert choose(SOURCES["davis2017"], url).urls == (url,)


@pytest.mark.parametrize("text", ["1234", "g" * 64, "0" * 63])
def test_a_checksum_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected 64 hexadecimal digits"):
        choose(SOURCES["davis2017"], sha256=text)


VERSIONS = (zipped(padding=300), zipped(FRAMES | {"DAVIS/new.txt": b"later"}, padding=700))


@st.composite
def acts(draw: st.DrawFn) -> Act:
    """An answer of a server whose file changes now and then, each version with its own tag."""
    version = draw(st.integers(0, 1))
    content = VERSIONS[version]
    return Act(
        content=content, etag=f'"{version}"', ranges=draw(st.booleans()), heeds=draw(st.booleans()),
        send=draw(st.none() | st.integers(0, len(content) - 1)), chunked=draw(st.booleans()),
        status=draw(st.sampled_from([0, 0, 0, 0, 500])),
        claim=draw(st.sampled_from([None, None, len(content) + 9])),
    )  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(script=st.lists(acts(), min_size=1, max_size=6))
def test_whatever_a_server_does_what_comes_is_one_whole_version_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, script: list[Act]
) -> None:
    to = tmp_path_factory.mktemp("to")
    with serving(b"", *script) as server:
        try:
            get(source(server), to, Steps(), patience=QUICK._replace(tries=4), say=lambda _: None)
        except DataError as error:
            line = str(error)
        else:
            line = ""
    archive = to / "DAVIS-2017-trainval-480p.zip"
    assert archive.exists() == (to / "davis2017").exists() == (line == "")
    assert line or archive.read_bytes() in VERSIONS
    assert not (to / "DAVIS-2017-trainval-480p.zip.bad").exists()


class Usage:
    """Free bytes of a disk."""

    def __init__(self, free: int) -> None:
        self.free = free
