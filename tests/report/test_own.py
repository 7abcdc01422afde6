"""A method's own parameters and write policy, as its records note them, on the page."""

import json

import pytest

from tests.report.fabricated import STAMP, fabricate
from tests.report.readers import html_tables
from vosbench.report import render
from vosbench.report.own import _words

OWN = {"policy_every": 5, "policy_include_previous": True, "policy_keep_first": True, "top_k": None}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """stm at its own top_k and at 20, and gc from a store that notes no defaults."""
    folder = tmp_path_factory.mktemp("own")
    kept = {"sequences": 2, "frames": 5, "harnesses": ("accuracy", "speed")}
    noted = STAMP | {"defaults": json.dumps(OWN)}
    for given in ({}, {"top_k": 20}, {"policy_every": 1}):
        fabricate(folder / "s", ("stm",), parameters=json.dumps(given), stamp=noted, **kept)
    older = {"stamp": STAMP | {"defaults": "unknown"}} | kept
    for given in ({}, {"key_dim": 8}):
        fabricate(folder / "s", ("gc",), parameters=json.dumps(given), **older)
    return html_tables(render(folder / "s", folder / "out").read_text("utf-8"))


def column(table, title):
    head, *rows = table
    return {row[0]: row[head.index(title)] for row in rows}


def test_an_ablation_shows_the_value_of_a_default_and_marks_it(tables):
    assert column(tables["ablation-2"], "top_k") == {
        "stm": "none (default)", "stm(top_k=20)": "20", "stm(policy_every=1)": "none (default)",
    }  # fmt: skip
    assert column(tables["ablation-2"], "policy_every") == {
        "stm": "5 (default)", "stm(top_k=20)": "5 (default)", "stm(policy_every=1)": "1",
    }  # fmt: skip


def test_a_default_that_an_older_store_does_not_note_is_named_without_a_value(tables):
    assert column(tables["ablation"], "key_dim") == {"gc": "default", "gc(key_dim=8)": "8"}


def test_the_write_policy_stands_beside_the_speed(tables):
    head = tables["results"][0]
    assert head.index("Writes") == head.index("FPS 1/s") + 1
    assert column(tables["results"], "Writes") == {
        "gc": "–", "gc(key_dim=8)": "–",  # noqa: RUF001
        "stm": "every 5th + previous", "stm(top_k=20)": "every 5th + previous",
        "stm(policy_every=1)": "every frame + previous",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("every", "said"), [(2, "every 2nd"), (3, "every 3rd"), (12, "every 12th"), (21, "every 21st")]
)
def test_an_interval_is_said_in_words(every, said):
    assert _words({"policy_every": every}) == said
