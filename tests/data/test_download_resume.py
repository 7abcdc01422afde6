"""A download that broke goes on where it broke, and never joins two versions of a file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.downloading import BIG, QUICK, SMALL, Steps, part, refused, source, take
from tests.data.loopback import FRAMES, Act, serving, zipped
from vosbench.data.download import get
from vosbench.errors import DataError

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
