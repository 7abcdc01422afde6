"""Memories capped to one budget of bytes or multiply-adds: every number is counted by hand."""

from __future__ import annotations

import pytest
from hypothesis import given as drawn
from hypothesis import settings as limits
from hypothesis import strategies as st

from vosbench import registry
from vosbench.cli.runs import matched, split_methods
from vosbench.data import load
from vosbench.errors import UsageError
from vosbench.harness.budget import Capped, _capped, _with, match
from vosbench.harness.room import MACS, STATE, Measure, Room, most
from vosbench.harness.settings import Settings
from vosbench.harness.subject import parse

# 48 x 86 is padded to 48 x 96: 3 x 6 = 18 locations at stride 16. mini: key 64, value 128.
DATA = "synthetic:length=500,scenario=crossing-twins"  # two objects
FRAME = 18 * (64 + 128) * 4 * 2  # bytes of a stored frame: 27,648
GC = 64 * 128 * 4 * 2  # 65,536: two frames fit


def capped(
    methods: str, budget: str = "gc", data: str = DATA, measure: Measure = STATE
) -> list[Capped]:
    given = Settings(methods=split_methods(methods), short_side=48)
    return match(given, budget, [load(spec) for spec in data.split()], measure)


@pytest.mark.parametrize(
    ("method", "text", "state"),
    [
        ("gc", "gc", GC),
        ("window", "window:recent=1", 2 * FRAME),
        ("stm", "stm:policy_every=250,policy_include_previous=False", 2 * FRAME),
        ("previous", "previous", FRAME),
        ("lowrank", "lowrank:rank=42", 42 * (64 + 128) * 4 * 2),  # 43 would be 66,048
        ("afb_urr", "afb_urr:budget=42", 42 * (64 + 128 + 2) * 4 * 2),
        ("stcn:top_k=5", "stcn:top_k=5,policy_every=250,policy_include_previous=False",
         2 * 18 * (64 + 2 * 128) * 4),
    ],
)  # fmt: skip
def test_a_cap_is_the_largest_that_fits(method: str, text: str, state: int) -> None:
    (found,) = capped(method)
    assert found[:4] == (text, state, GC, True)


def test_a_memory_that_cannot_be_as_small_is_left_out_and_says_its_least() -> None:
    rmem = capped("rmem,gc")[0]
    assert (rmem.text, rmem.fits) == ("rmem:frames=2", False)
    drew, judged = 4 * 2 * 18, 4 * 2 * 2  # what each location drew; r and n of each object
    assert rmem.taken == 3 * (FRAME + drew + judged)
    assert str(rmem) == "rmem:frames=2: 81.5 of 64.0 KiB; left out: no value of frames fits"


def test_a_state_that_cannot_be_set_may_be_a_hundredth_too_large() -> None:
    (livos,) = capped("livos")
    assert (livos.taken, livos.fits) == (GC + 64 * 4 * 2, True)
    assert str(livos) == "livos: 64.5 of 64.0 KiB, within 1 %"
    with pytest.raises(UsageError, match="no method fits"):
        capped("livos", "64000")


def test_a_budget_may_be_a_size_and_a_longer_video_is_written_less_often() -> None:
    budget = f"{10 * FRAME}"
    assert capped("stm", budget)[0].text == "stm:policy_every=50,policy_include_previous=False"
    longer = DATA.replace("500", "1000")
    assert capped("stm", budget, data=longer)[0].text.startswith("stm:policy_every=100,")
    assert capped("window", budget)[0].text == "window:recent=9"


def test_a_capacity_that_the_videos_cannot_fill_is_the_least_that_takes_as_much() -> None:
    short = DATA.replace("500", "12")  # rmem: 0, 5 and 10; both keep frame 0 beside these
    assert capped("rmem", "1GiB", data=short)[0].text == "rmem:frames=2"
    assert capped("window:recent=4", "1GiB", data=short)[0].text == "window:recent=11"


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ("stm", "its state grows; expected one that is bounded"),
        ("gcc", "unknown amount or method 'gcc': did you mean gc"),
        ("4GB/s", "is not a size in bytes"),
        ("100B", "no method fits; the nearest, stm:policy_every=500,.*, takes 27648 of 100 bytes"),
    ],
)
def test_a_budget_that_cannot_be_kept_is_refused_in_one_line(budget: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        capped("stm,window", budget)
    assert "\n" not in str(caught.value)


@limits(deadline=None, max_examples=20)
@drawn(
    pixels=st.integers(1, 2000), objects=st.integers(1, 5), frames=st.integers(1, 300),
    limit=st.integers(1000, 10**8),
)  # fmt: skip
def test_what_fits_is_within_the_budget_and_nothing_more_would_fit(
    pixels: int, objects: int, frames: int, limit: int
) -> None:
    room, given = Room(pixels, objects, frames, limit), Settings(methods=())
    for method, parameter, step in (
        ("stm", "policy_every", -1), ("window", "recent", 1), ("afb_urr", "budget", 1),
        ("lowrank", "rank", 1),
    ):  # fmt: skip
        found = _capped(method, given, [room], STATE)
        assert found.tried == parameter
        assert found.fits == (found.taken <= limit)
        if found.fits:
            now = parse(found.text)[1][parameter]
            try:
                more = most(_with(found.text, **{parameter: now + step}), given, room, STATE)
            except UsageError:  # every 0th frame, or more than the full rank
                continue
            # a short video fills no larger bank: there its parameter is of no matter
            assert more > limit or more == found.taken


def test_every_declared_capacity_is_a_parameter_that_bounds_state_and_read() -> None:
    for name, kind in registry.methods().items():
        if kind.capacity:
            assert kind.capacity in registry.parameters(name)
            small, large = (
                registry.build(name, 64, 128, **{kind.capacity: n}).cost(10**6, 50, 2)
                for n in (2, 20)
            )
            assert small.state_bytes < large.state_bytes
            assert small.read_macs < large.read_macs


def test_the_command_line_says_each_cap_and_runs_what_fits(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = Settings(methods=("gc", "window", "rmem"), short_side=48, data=(DATA,))
    assert matched(given, "gc").methods == ("gc", "window:recent=1")
    assert capsys.readouterr().out.splitlines() == [
        "gc: 64.0 of 64.0 KiB",
        "window:recent=1: 54.0 of 64.0 KiB",
        "rmem:frames=2: 81.5 of 64.0 KiB; left out: no value of frames fits",
    ]
    assert matched(given, "") is given
    assert matched(given, "", "gc").methods == ("gc", "window:recent=1")
    assert "gc: 0.3 of 0.3 M multiply-adds" in capsys.readouterr().out
    with pytest.raises(UsageError, match="capped by one; give one"):
        matched(given, "gc", "gc")


def test_what_is_largest_on_the_way_has_to_fit_on_the_way() -> None:
    """xmem_lt holds nine frames before five of them become prototypes, and never more."""
    video = "synthetic:length=46,scenario=crossing-twins"  # ten writes: at its end it is small
    (found,) = capped("xmem_lt", "1GiB", data=video)
    location = (64 + 2 * 128 + 3) * 4  # bytes of a key, two values and three numbers
    assert found.taken == 9 * 18 * location
    assert not capped("xmem_lt,gc", f"{9 * 18 * location - 3000}", data=video)[0].fits


READ = 18 * 18 * (64 + 128) * 2  # multiply-adds of a read for each stored frame: 124,416
GC_READ = 18 * 64 * 128 * 2  # 294,912: two frames fit


@pytest.mark.parametrize(
    ("method", "text", "macs"),
    [
        ("gc", "gc", GC_READ),
        ("window", "window:recent=1", 2 * READ),
        ("stm", "stm:policy_every=250,policy_include_previous=False", 2 * READ),
    ],
)
def test_a_budget_may_be_of_the_multiply_adds_of_a_read(method: str, text: str, macs: int) -> None:
    (found,) = capped(method, measure=MACS)
    assert found[:4] == (text, macs, GC_READ, True)
    assert capped(method, f"{GC_READ / 1e6}M", measure=MACS)[0].taken == macs


def test_the_last_frame_counts_for_the_state_but_not_for_the_read_before_it() -> None:
    video = DATA.replace("500", "501")  # every 250th frame: 0, 250 and 500, which is the last
    every = [capped("stm", data=video, measure=m)[0].text.split(",")[0] for m in (STATE, MACS)]
    assert every == ["stm:policy_every=251", "stm:policy_every=250"]


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ("stm", "--match-macs stm: its read grows; expected one that is bounded"),
        ("1MiB", "'1MiB' is not a number of multiply-adds: .* as in 500M"),
        ("100k", "--match-macs 100k: no method fits; the nearest, .* of 0.1 M multiply-adds"),
    ],
)
def test_a_budget_of_multiply_adds_that_cannot_be_kept_is_refused(
    budget: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        capped("stm,window", budget, measure=MACS)


def test_what_no_one_parameter_bounds_is_left_to_be_set_by_hand() -> None:
    by_hand = "xmem_lt:most=3,least=2,long_term=128"
    found, fits, _ = capped(f"xmem_lt,{by_hand},gc", "150KiB", data=DATA.replace("500", "50"))
    assert not found.fits
    assert str(found).endswith(
        "left out: it names no parameter that bounds its state alone; set its parameters by hand"
    )
    assert (fits.text, fits.fits) == (by_hand, True)


def test_the_video_that_decides_is_the_one_that_is_shown() -> None:
    wide = "synthetic:length=50,scenario=crossing-twins,size=48x86"
    tall = wide.replace("48x86", "48x128")  # 3 x 8 = 24 locations
    (found,) = capped("window", f"{3 * FRAME}", data=f"{wide} {tall}")
    assert (found.text, found.taken) == ("window:recent=1", 2 * FRAME * 24 // 18)


def test_a_cap_that_leaves_a_growing_memory_its_first_frame_alone_says_so() -> None:
    short = DATA.replace("500", "8")
    (stm,) = capped("stm", f"{FRAME + 1}", data=short)
    assert str(stm) == (
        "stm:policy_every=8,policy_include_previous=False: 27.0 of 27.0 KiB; "
        "warning: it keeps only the first frame, no second one fits"
    )
    (stm,) = capped("stm", f"{FRAME + 1}", data=f"{short} {DATA.replace('500', '2')}")
    assert "it keeps only the first frame of 1 of 2 videos" in str(
        stm
    )  # t = 1 sees no other anyway
    (every_fourth,) = capped("stm", f"{2 * FRAME}", data=short)
    assert "policy_every=4," in every_fourth.text
    assert "warning" not in str(every_fourth)
