"""Formula and counters side by side, what they left out, and states larger than stated."""

import pytest

from tests.report.fabricated import STAMP
from vosbench.report import counters, render, stated, uncounted
from vosbench.report.costs import Beside, all_costs, choose
from vosbench.report.evidence import load
from vosbench.report.headline import headline
from vosbench.report.overview import results
from vosbench.results import Cell, Row, Store


def counted(folder, method="m", left_out=("softmax",), **reads):
    """One cell per counter: multiply-adds of a read at t = 1, 2, ..."""
    store = Store(folder, stamp=STAMP)
    for counter, macs in reads.items():
        rows = [Row(None, t, "read_macs", x, "MAC") for t, x in enumerate(macs, 1)]
        if counter != "analytic":
            rows += [Row(None, t, "read_macs_unaided", x / 2, "MAC") for t, x in enumerate(macs, 1)]
            rows += [Row(None, len(macs), f"read_uncounted:{x}", 3, "call") for x in left_out]
        store.append(Cell(harness="flops", method=method, protocol=counter), rows)
    return all_costs(load(folder), "flops")


def test_the_three_counts_of_a_stage_stand_in_one_line(tmp_path):
    found = counted(tmp_path, analytic=(1e9, 2e9), fvcore=(1e9, 2e9), torch=(1e9, 2.1e9))
    beside, left = counters.tables(found)
    assert [c.header for c in beside.columns] == [
        "Method", "Stage", "t", "Formula (G MAC)", "fvcore (G MAC)", "torch (G MAC)", "Within 1 %",
        "fvcore without our rules (G)", "torch without our rules (G)",
    ]  # fmt: skip
    assert beside.texts() == [["m", "read", "2", "2.00", "2.00", "2.10", "no", "1.00", "1.05"]]
    assert "x2 = FLOPs" in beside.notes[0]
    assert left.texts() == [["softmax", "read", "fvcore, torch", "m",
                             "additions or comparisons along an axis, no products"]]  # fmt: skip


def test_an_operator_is_told_apart_by_the_methods_and_counters_that_met_it(tmp_path):
    counted(tmp_path, "gc", ("exp",), torch=(1,), fvcore=(1,))
    counted(tmp_path, "stm", ("exp", "topk"), torch=(1,))
    _, left = counters.tables(counted(tmp_path, "stm", ("exp",), fvcore=(1,)))
    assert [row[:4] for row in left.texts()] == [
        ["exp", "read", "fvcore, torch", "all"], ["topk", "read", "torch", "stm"],
    ]  # fmt: skip


@pytest.mark.parametrize(("torch", "warned"), [(1.01e6, False), (1.02e6, True), (0.98e6, True)])
def test_counter_and_formula_may_differ_by_one_in_a_hundred(tmp_path, torch, warned):
    found = counted(tmp_path, analytic=(1e6, 1e6), fvcore=(1e6, 1e6), torch=(1e6, torch))
    assert bool(counters.warnings(found)) == warned


def test_the_largest_difference_is_named_with_both_numbers_and_what_has_no_rule(tmp_path):
    found = counted(tmp_path, analytic=(2e6, 2e6), fvcore=(2e6, 2e6), torch=(2.1e6, 2.2e6))
    assert counters.warnings(found) == [
        "m, read at t = 2: the formula states 2.00 M multiply-adds, fvcore counts 2.00 M "
        "multiply-adds, torch counts 2.20 M multiply-adds; without a rule: softmax."
    ]


def test_a_count_without_a_formula_is_warned_of_on_the_page_and_in_the_markdown(tmp_path):
    counted(tmp_path, analytic=(0,), torch=(500,), left_out=())
    page = render(tmp_path, tmp_path / "out")
    said = (
        "m, read at t = 1: the formula states 0 multiply-adds, torch counts 500 multiply-adds; "
        "every operator has a rule."
    )
    assert f'<p class="warning" role="note">{said}</p>' in page.read_text(encoding="utf-8")
    assert f"> **{said}**" in (tmp_path / "out/report.md").read_text(encoding="utf-8")


def test_no_multiply_adds_are_no_figure_without_the_products_that_nobody_counts(tmp_path):
    counted(tmp_path, "own", ("addcmul", "mul", "sum"), torch=(0,))
    (flops,) = counted(tmp_path, "stm", ("mul",), torch=(8,))
    beside = Beside(flops, None, None)
    (said,) = headline(None, beside).sentences
    assert said == (
        "A read takes 0 multiply-adds (own at t = 1; addcmul, mul not counted) against 8.00 "
        "multiply-adds (stm)."
    )
    (note,) = uncounted.notes(flops)
    table = results(None, beside, "r", "R")
    assert note in table.notes
    assert not table.best()
    assert note.startswith("own: ")


def test_no_multiply_adds_of_a_read_that_only_adds_need_no_mark(tmp_path):
    (flops,) = counted(tmp_path, left_out=("sum", "softmax"), torch=(0,))
    assert uncounted.notes(flops) == []


def grown(folder, protocol, method="m", **states):
    rows = [Row(None, int(t[1:]), "state_bytes", x, "byte") for t, x in states.items()]
    cell = Cell(harness="growth", method=method, protocol=protocol)
    Store(folder, stamp=STAMP).append(cell, rows)
    return all_costs(load(folder), "growth")


@pytest.mark.parametrize(("measured", "warned"), [(1010, False), (1011, True), (500, False)])
def test_a_state_may_be_one_in_a_hundred_larger_than_stated(tmp_path, measured, warned):
    grown(tmp_path, "analytic", t1=1000, t4=1000)
    found = grown(tmp_path, "measured", t1=1000, t4=measured, t9=5000)
    assert bool(stated.warnings(found)) == warned


def test_a_memory_that_keeps_nothing_has_no_more_than_it_states(tmp_path):
    grown(tmp_path, "analytic", t1=0, t4=0)
    assert stated.warnings(grown(tmp_path, "measured", t1=0, t4=0)) == []


def test_a_state_of_which_its_formula_knows_nothing_is_measured_in_the_headline(tmp_path):
    grown(tmp_path, "analytic to t = 8", t1=4096, t8=0)
    grown(tmp_path, "analytic to t = 8", "other", t1=1, t8=1)  # was not measured
    found = grown(tmp_path, "measured to t = 8", t1=4096, t8=8192)
    assert stated.warnings(found) == [
        "m, state at t = 8: its cost() states 0 B, measured are 8.00 KiB."
    ]
    said = headline(None, Beside(None, choose(found), None)).sentences
    assert said == ("State between frames takes 8.00 KiB (m at t = 8).",)


def test_counts_at_other_sizes_and_objects_stand_in_one_table_and_are_warned_of(tmp_path):
    counted(tmp_path, analytic=(1e9, 2e9), fvcore=(1e9, 2e9), torch=(1e9, 2e9))
    store = Store(tmp_path, stamp=STAMP)
    for counter, macs in (("analytic", 4e9), ("fvcore", 4e9), ("torch", 4.2e9)):
        cell = Cell(harness="scaling", method="m", size="48x64", objects=3, protocol=counter)
        store.append(cell, [Row(None, 10, "read_macs", macs, "MAC")])
    evidence = load(tmp_path)
    found = [*all_costs(evidence, "flops"), *counters.elsewhere(evidence)]
    assert [row[1:] for row in counters.agreement(found).texts()] == [
        ["", "0", "1, 2", "0.0", "0.0", "yes"], ["48x64", "3", "10", "0.0", "5.0", "no"],
    ]  # fmt: skip
    (said,) = counters.warnings(found)
    assert said.startswith("m, read at t = 10: the formula states 4.00 G multiply-adds")
    render(tmp_path, tmp_path / "out")
    drawn = {path.stem for path in (tmp_path / "out/tables").glob("*.csv")}
    assert {"agreement", "scaling"} <= drawn
    assert "scaling-2" not in drawn  # the formula's alone
