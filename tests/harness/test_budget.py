"""Memories capped to one budget of state bytes: every number here is counted by hand."""

from __future__ import annotations

import pytest
from hypothesis import given as drawn
from hypothesis import settings as limits
from hypothesis import strategies as st

from vosbench import registry
from vosbench.cli.measuring import _matched, split_methods
from vosbench.data import load
from vosbench.errors import UsageError
from vosbench.harness.budget import Capped, Room, _capped, _state, _with, match
from vosbench.harness.settings import Settings
from vosbench.harness.subject import parse

# 48 x 86 is padded to 48 x 96: 3 x 6 = 18 locations at stride 16. mini: key 64, value 128.
DATA = "synthetic:length=500,scenario=crossing-twins"  # two objects
FRAME = 18 * (64 + 128) * 4 * 2  # bytes of a stored frame: 27,648
GC = 64 * 128 * 4 * 2  # 65,536: two frames fit


def capped(methods: str, budget: str = "gc", size: int = 48, data: str = DATA) -> list[Capped]:
    given = Settings(methods=split_methods(methods), short_side=size)
    return match(given, budget, [load(data)])


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
    assert capped(method) == [Capped(text, state, GC, True)]


def test_a_memory_that_cannot_be_as_small_is_left_out_and_says_its_least() -> None:
    rmem = capped("rmem,gc")[0]
    assert (rmem.text, rmem.fits) == ("rmem:frames=2", False)
    drew, judged = 4 * 2 * 18, 4 * 2 * 2  # what each location drew; r and n of each object
    assert rmem.state_bytes == 3 * (FRAME + drew + judged)
    assert str(rmem) == "rmem:frames=2: 81.5 of 64.0 KiB; left out, no setting fits"


def test_a_state_that_cannot_be_set_may_be_a_hundredth_too_large() -> None:
    (livos,) = capped("livos")
    assert (livos.state_bytes, livos.fits) == (GC + 64 * 4 * 2, True)
    with pytest.raises(UsageError, match="no method fits"):
        capped("livos", "64000")


def test_a_budget_may_be_a_size_and_a_longer_video_is_written_less_often() -> None:
    budget = f"{10 * FRAME}"
    assert capped("stm", budget)[0].text == "stm:policy_every=50,policy_include_previous=False"
    longer = DATA.replace("500", "1000")
    assert capped("stm", budget, data=longer)[0].text.startswith("stm:policy_every=100,")
    assert capped("window", budget)[0].text == "window:recent=9"


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ("stm", "its state grows; expected one that is bounded"),
        ("gcc", "is not a size in bytes"),
        ("100B", "no method fits into 100"),
    ],
)
def test_a_budget_that_cannot_be_kept_is_refused_in_one_line(budget: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        capped("stm,window", budget)
    assert "\n" not in str(caught.value)


@limits(deadline=None, max_examples=20)
@drawn(
    pixels=st.integers(1, 2000), objects=st.integers(1, 5), frames=st.integers(1, 3000),
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
        found = _capped(method, given, [room])
        assert found.fits == (found.state_bytes <= limit)
        if found.fits:
            now = parse(found.text)[1][parameter]
            try:
                more = _state(_with(found.text, **{parameter: now + step}), given, room)
            except UsageError:  # every 0th frame, or more than the full rank
                continue
            # a short video fills no larger bank: there its parameter is of no matter
            assert more > limit or more == found.state_bytes


def test_every_declared_capacity_is_a_parameter_that_bounds_the_state() -> None:
    for name, kind in registry.methods().items():
        if kind.capacity:
            assert kind.capacity in registry.parameters(name)
            small, large = (
                registry.build(name, 64, 128, **{kind.capacity: n}).cost(10**6, 50, 2).state_bytes
                for n in (2, 20)
            )
            assert small < large


def test_the_command_line_says_each_cap_and_runs_what_fits(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = Settings(methods=("gc", "window", "rmem"), short_side=48, data=(DATA,))
    assert _matched(given, "gc").methods == ("gc", "window:recent=1")
    assert capsys.readouterr().out.splitlines() == [
        "gc: 64.0 of 64.0 KiB",
        "window:recent=1: 54.0 of 64.0 KiB",
        "rmem:frames=2: 81.5 of 64.0 KiB; left out, no setting fits",
    ]
    assert _matched(given, "") is given


def test_what_is_largest_on_the_way_has_to_fit_on_the_way() -> None:
    """xmem_lt holds nine frames before five of them become prototypes, and never more."""
    video = "synthetic:length=46,scenario=crossing-twins"  # ten writes: at its end it is small
    (found,) = capped("xmem_lt", "1GiB", data=video)
    location = (64 + 2 * 128 + 3) * 4  # bytes of a key, two values and three numbers
    assert found.state_bytes == 9 * 18 * location
    assert not capped("xmem_lt,gc", f"{9 * 18 * location - 3000}", data=video)[0].fits
