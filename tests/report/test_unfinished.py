"""A run that was stopped says so, in its first lines and among what is missing."""

from tests.report.fabricated import DIGEST, STAMP, accuracy_rows
from tests.report.test_page import text
from vosbench.report import render
from vosbench.results import Cell, Row, Store

SAID = "Not finished: 2 of 6 sequences of davis2016 so far."


def page(folder, planned):
    store = Store(folder / "s", stamp=STAMP)
    for s in range(2):
        cell = Cell(harness="accuracy", method="gc", dataset="davis2016", sequence=f"seq{s:02}",
                    weights=DIGEST, protocol="davis2016", objects=1)  # fmt: skip
        noted = [Row(None, None, "planned_sequences", planned, "1")]
        store.append(cell, [*accuracy_rows(0, s, 6, 1), *noted])
    return text(render(folder / "s", folder / "out"))


def test_a_run_with_two_of_six_sequences_says_so_at_the_top_and_under_missing(tmp_path):
    top, missing = page(tmp_path, 6).split('id="missing"')
    assert SAID in top.split("<table")[0]
    assert SAID in missing


def test_a_run_with_all_its_sequences_says_nothing_of_it(tmp_path):
    assert "Not finished" not in page(tmp_path, 2)


def test_a_sequence_with_nothing_to_score_is_not_missing(tmp_path):
    store = Store(tmp_path / "s", stamp=STAMP)
    planned = Row(None, None, "planned_sequences", 2, "1")
    for name, rows in (("a", accuracy_rows(0, 0, 6, 1)), ("one-mask", [])):
        cell = Cell(harness="accuracy", method="gc", dataset="davis2016", sequence=name,
                    weights=DIGEST, protocol="davis2016", objects=1)  # fmt: skip
        store.append(cell, [*rows, planned])
    assert "Not finished" not in text(render(tmp_path / "s", tmp_path / "out"))
