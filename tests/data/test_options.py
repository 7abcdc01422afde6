from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.builders import one_line
from vosbench.data import load
from vosbench.data.synthetic import SCENARIOS
from vosbench.data.synthetic.options import Options, parse_options, spec_of
from vosbench.errors import DataError, UsageError, VosbenchError


def test_every_option_is_read() -> None:
    text = "length=500,objects=4,size=240x854,seed=1,count=3,scenario=crowd+drift"
    assert parse_options(text) == Options(500, 4, (240, 854), 1, 3, ("crowd", "drift"))


def test_no_options_are_the_default() -> None:
    assert parse_options("") == Options()


@given(
    st.builds(
        Options,
        length=st.integers(1, 1000),
        objects=st.none() | st.integers(1, 64),
        size=st.tuples(st.integers(32, 4096), st.integers(32, 4096)),
        seed=st.integers(0, 2**31 - 1),
        count=st.integers(1, 10_000),
        scenario=st.lists(st.sampled_from(sorted(SCENARIOS)), min_size=1, unique=True).map(tuple),
    )
)
def test_the_spec_of_options_gives_them_back(options: Options) -> None:
    assert parse_options(spec_of(options).removeprefix("synthetic").removeprefix(":")) == options


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lenght=5", ("unknown option", "did you mean length")),
        ("length", ("length=", "whole number from 1")),
        ("length=0", ("length=0", "whole number from 1")),
        ("length=-1", ("length=-1",)),
        ("length=1.5", ("length=1.5",)),
        ("length=٣", ("length=",)),
        ("objects=65", ("from 1 to 64",)),
        ("size=240", ("HEIGHTxWIDTH",)),
        ("size=240x9000", ("32 to 4096",)),
        ("size=16x432", ("32 to 4096",)),
        ("seed=99999999999", ("seed",)),
        ("count=0", ("count=0", "whole number from 1")),
        ("count=10001", ("count=10001",)),
        ("scenario=drfit", ("unknown scenario", "drift")),
        ("scenario=", ("unknown scenario",)),
        ("seed=1,seed=2", ("seed", "twice")),
    ],
)
def test_a_wrong_option_is_refused(text: str, words: tuple[str, ...]) -> None:
    with one_line(UsageError, *words):
        load(f"synthetic:{text}")


@settings(max_examples=50)
@given(st.text(max_size=30))
def test_any_text_is_options_or_one_line(text: str) -> None:
    message = ""
    try:
        parse_options(text)
    except VosbenchError as error:
        message = str(error)
    assert len(message.splitlines()) <= 1


def test_a_split_chooses_scenarios(tmp_path: Path) -> None:
    split = tmp_path / "split.txt"
    split.write_text("occlusion\ndrift\n")
    assert [video.name for video in load("synthetic", split).videos] == ["occlusion", "drift"]
    split.write_text("crowd\n")
    with one_line(DataError, split, "'crowd'"):
        load("synthetic", split)


def test_the_data_set_is_named_by_the_options_that_matter() -> None:
    assert load("synthetic").name == "synthetic"
    assert load("synthetic:seed=0,length=30").name == "synthetic:length=30"


def test_a_count_gives_every_scenario_at_seeds_in_a_row() -> None:
    dataset = load("synthetic:count=2,seed=5,length=2,size=32x48,scenario=occlusion+drift")
    assert [v.name for v in dataset.videos] == ["occlusion", "drift", "occlusion-6", "drift-6"]
    assert "seeds 5 to 6" in dataset.notes
    (sixth,) = load("synthetic:seed=6,length=2,size=32x48,scenario=drift").videos
    assert (dataset.videos[3].frame(1) == sixth.frame(1)).all()
    assert (dataset.videos[1].frame(1) != sixth.frame(1)).any()
