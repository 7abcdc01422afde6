"""Runs in equal room: the page says what was matched, up to what, and who was left out."""

import pytest

from tests.report.fabricated import STAMP, fabricate
from tests.report.readers import html_tables
from vosbench.report import render
from vosbench.results import Cell, Row, Store

THINNED = '{"policy_every":8,"policy_include_previous":false}'


def share(folder, method, parameters="{}", *, option="--match-state gc", unit="byte", **numbers):
    cell = Cell(harness="matched", method=method, parameters=parameters, preset="mini",
                dataset="davis2016", size="480", protocol=option)  # fmt: skip
    known = {"limit": 65536, "fits": 1, "videos": 6, "first_frame_alone": 0} | numbers
    rows = [Row(None, None, name.replace("set_", "set "), x,
                unit if name in ("taken", "limit") else "1")
            for name, x in known.items()]  # fmt: skip
    Store(folder, stamp=STAMP).append(cell, rows)


@pytest.fixture
def store(tmp_path):
    """GC and STM in GC's room, where rmem does not fit."""
    few = {"sequences": 2, "frames": 5, "harnesses": ("accuracy",)}
    fabricate(tmp_path / "s", ("gc",), **few)
    fabricate(tmp_path / "s", ("stm",), parameters=THINNED, **few)
    return tmp_path / "s"


def test_the_page_names_the_cap_what_each_method_takes_and_who_is_left_out(store):
    share(store, "gc", taken=65536)
    share(store, "stm", THINNED, taken=49152, set_policy_every=8)
    share(store, "rmem", '{"frames":2}', taken=83456, fits=0, set_frames=2)
    page = render(store, store.parent / "out").read_text("utf-8")
    assert html_tables(page)["room"] == [
        ["Method", "Set to fit", "Takes KiB", "Cap KiB", "Outcome"],
        ["gc", "nothing to set", "64.0", "64.0", "fits"],
        ["stm(policy_every=8, policy_include_previous=False)", "policy_every = 8", "48.0", "64.0",
         "fits"],
        ["rmem(frames=2)", "frames = 2", "81.5", "64.0", "left out: no value of frames fits"],
    ]  # fmt: skip
    assert (
        "Equal state (--match-state gc): at most 64.0 KiB each on davis2016 (preset mini, short "
        "side 480, 6 videos). Left out: rmem(frames=2) (no value of frames fits)."
    ) in page
    assert "2 methods; data: davis2016" in page  # who was left out was not measured
    assert "only the first frame" not in page


def test_multiply_adds_have_their_own_unit_and_each_cap_its_own_table(store):
    share(store, "gc", option="--match-macs 9M", unit="MAC", taken=3_320_000, limit=9_000_000)
    share(store, "livos", option="--match-macs 9M", unit="MAC", taken=10**7, limit=9e6, fits=0)
    share(store, "gc", taken=65536)
    page = render(store, store.parent / "out").read_text("utf-8")
    tables = html_tables(page)
    assert tables["room"][1:] == [
        ["gc", "nothing to set", "3.32", "9.00", "fits"],
        ["livos", "nothing to set", "10.0", "9.00", "left out: no parameter bounds its read alone"],
    ]
    assert tables["room-2"][1:] == [["gc", "nothing to set", "64.0", "64.0", "fits"]]
    assert "Equal read (--match-macs 9M): at most 9.00 M multiply-adds each" in page


@pytest.mark.parametrize(
    ("alone", "where"), [(6, "keeps only the first frame on"), (2, "first frame of 2 of 6 videos")]
)
def test_a_memory_that_was_capped_to_its_first_frame_is_warned_of_on_top(store, alone, where):
    share(store, "stm", THINNED, taken=49152, set_policy_every=8, first_frame_alone=alone)
    page = render(store, store.parent / "out").read_text("utf-8")
    (warning,) = [line for line in page.split("\n") if 'class="warning"' in line]
    assert where in warning
    assert "no second one fits (--match-state gc)" in warning


def test_a_store_without_equal_room_has_no_word_of_it(store):
    page = render(store, store.parent / "out").read_text("utf-8")
    assert "room" not in html_tables(page)
    assert "Equal" not in page


def test_a_method_that_was_set_anew_on_other_videos_is_in_the_later_room_alone(store):
    """Two splits in one store: GC, which has nothing to set, is one cell; RMem ran on the first."""
    share(store, "gc", taken=65536, videos=2)
    share(store, "stm", '{"policy_every":27}', taken=60000, set_policy_every=27, videos=2)
    share(store, "rmem", '{"frames":2}', taken=60000, set_frames=2, videos=2)
    share(store, "gc", taken=65536)
    share(store, "stm", '{"policy_every":30}', taken=61000, set_policy_every=30)
    share(store, "stm", '{"policy_every":30,"top_k":9}', taken=61000, set_policy_every=30)
    page = render(store, store.parent / "out").read_text("utf-8")
    tables = html_tables(page)
    assert [row[0] for row in tables["room"][1:]] == ["rmem(frames=2)"]
    assert [row[0] for row in tables["room-2"][1:]] == [
        "gc", "stm(policy_every=30)", "stm(policy_every=30, top_k=9)",
    ]  # fmt: skip
    for videos in (2, 6):
        assert f"each on davis2016 (preset mini, short side 480, {videos} videos); no" in page
