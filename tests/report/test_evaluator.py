"""The evaluator's own speed in the report."""

from pathlib import Path

from vosbench.report.details import evaluator_notes
from vosbench.report.evidence import load
from vosbench.results import Cell, Row, Store

STAMP = {"machine": "a machine, 2 cores"}


def test_the_ratio_of_two_evaluators_is_stated_and_is_no_method_of_the_table(
    tmp_path: Path,
) -> None:
    cell = Cell(harness="evaluator", method="another", protocol="one worker")
    rows = [
        Row(None, None, "own_seconds", 0.0005, "s"),
        Row(None, None, "other_seconds", 0.01, "s"),
    ]
    Store(tmp_path, STAMP).append(cell, rows)
    evidence = load(tmp_path)
    assert evidence.labels == []
    assert evaluator_notes(evidence) == [
        "J and F took 0.50 ms of CPU a frame, another 10.0 ms: 20.0 times as long "
        "(one worker; a machine, 2 cores)."
    ]


def test_a_store_without_it_says_nothing(tmp_path: Path) -> None:
    cell = Cell(harness="flops", method="gc", protocol="analytic")
    Store(tmp_path, STAMP).append(cell, [Row(None, 1, "read_macs", 2, "MAC")])
    assert evaluator_notes(load(tmp_path)) == []
