"""Multiply-adds with what was not counted, growth with a limit, sizes and objects, table 1."""

from tests.report.fabricated import STAMP, fabricate
from vosbench.report import paper, render, scaling
from vosbench.report.costs import Beside, all_costs, choose
from vosbench.report.details import cost_table
from vosbench.report.evidence import load
from vosbench.report.figures.base import Palette
from vosbench.report.figures.cost import growth as growth_figures
from vosbench.report.growing import endings, state_exponent
from vosbench.report.headline import headline
from vosbench.report.overview import results
from vosbench.results import Cell, Row, Store

FAR = "measured to t = 2000, every frame in 4 GiB"


def grown(folder, method="stm", protocol=FAR, *, because="memory limit", fit=(1.0, 0.97, 1.03)):
    """A method that ends at t = 840, with the harness's own fit."""
    rows = [Row(None, t, "state_bytes", 2**20 * t, "byte") for t in (1, 10, 100, 200, 800)]
    rows += [Row(None, t, "peak_bytes", 2**22 * t, "byte") for t in (1, 10, 100, 200, 800)]
    rows += [Row(None, t, "rss_bytes", 2**30, "byte") for t in (1, 800)]
    names = ("state_growth_exponent", "state_growth_exponent_low", "state_growth_exponent_high")
    rows += [Row(None, None, name, x, "1") for name, x in zip(names, fit, strict=False)]
    rows += [Row(None, None, "memory_limit_bytes", 2**32, "byte"),
             Row(None, None, "ends_at_t", 840, "frame"),
             Row(None, None, f"ends_because:{because}", 1, "1")]  # fmt: skip
    cell = Cell(harness="growth", method=method, protocol=protocol, size="480x854", objects=1)
    Store(folder, stamp=STAMP).append(cell, rows)


def test_a_method_that_meets_its_limit_is_news(tmp_path):
    grown(tmp_path)
    (growth,) = all_costs(load(tmp_path), "growth")
    said = "stm ends at t = 840 in 4 GiB."
    assert endings(growth) == [said]
    assert said in headline(None, Beside(None, growth, None)).sentences
    assert said in results(None, Beside(None, growth, None), "r", "R").notes


def test_another_reason_to_end_is_named(tmp_path):
    grown(tmp_path, because="out of memory")
    (growth,) = all_costs(load(tmp_path), "growth")
    assert endings(growth) == ["stm ends at t = 840 in 4 GiB (out of memory)."]


def test_the_harness_s_exponent_stands_with_its_interval(tmp_path):
    grown(tmp_path, fit=(0.91, 0.88, 0.94))  # through the points it would be 1.00
    (growth,) = all_costs(load(tmp_path), "growth")
    table = results(None, Beside(None, growth, None), "r", "R")
    (row,) = table.texts()
    cells = dict(zip([c.title for c in table.columns], row, strict=True))
    assert cells["State grows as t^"] == "0.91"
    assert cells["t^ from..to (lack of fit)"] == "0.88..0.94"
    state, *_ = growth_figures(growth, Palette(["stm"]), "growth", None)
    assert "t^0.91 (0.88..0.94)" in state.svg


def test_without_its_fit_the_exponent_is_fitted_to_the_points_as_the_harness_does(tmp_path):
    fabricate(tmp_path, ("gc",), harnesses=("growth",))
    growth = choose(all_costs(load(tmp_path), "growth"))
    assert state_exponent(growth, "gc") == (0, 0, 0)


def test_measured_growth_comes_before_a_formula_whatever_its_last_frame_is(tmp_path):
    grown(tmp_path, protocol="analytic to t = 2000")
    grown(tmp_path)
    assert choose(all_costs(load(tmp_path), "growth")).setting.protocol == FAR


def test_a_limit_held_at_every_frame_comes_before_one_of_an_old_store_held_at_some(tmp_path):
    grown(tmp_path, protocol="measured, in 4 GiB")
    grown(tmp_path, protocol="measured, every frame in 4 GiB")
    chosen = choose(all_costs(load(tmp_path), "growth")).setting.protocol
    assert chosen == "measured, every frame in 4 GiB"


def test_the_listing_of_bytes_ends_with_those_of_the_whole_process(tmp_path):
    grown(tmp_path)
    (growth,) = all_costs(load(tmp_path), "growth")
    table = cost_table(growth, "g")
    assert [c.header for c in table.columns[2:]] == [
        "state (MiB)", "peak (MiB)", "whole process (RSS) (MiB)",
    ]  # fmt: skip
    assert table.texts()[0] == ["stm", "1", "1.00", "4.00", "1024"]


def test_every_limit_that_a_method_met_is_named_though_one_setting_is_shown(tmp_path):
    grown(tmp_path)  # to t = 840 in 4 GiB
    rows = [Row(None, 1, "state_bytes", 9, "byte")]
    ended = {"harness": "growth", "size": "480x854", "objects": 1}
    store = Store(tmp_path, stamp=STAMP)
    for method, t, objects in (("stm", 7, 1), ("gc", 3, 1), ("gc", 2, 5)):
        cell = Cell(method=method, protocol="measured, in 100 KiB", **{**ended, "objects": objects})
        store.append(cell, [*rows, Row(None, None, "memory_limit_bytes", 102400, "byte"),
                            Row(None, None, "ends_at_t", t, "frame"),
                            Row(None, None, "ends_because:memory limit", 1, "1")])  # fmt: skip
    page = render(tmp_path, tmp_path / "out")
    for said in (
        "stm ends at t = 840 in 4 GiB",
        "gc ends at t = 3, stm at t = 7 in 100 KiB",
        "gc ends at t = 2 in 100 KiB (5 objects).",
    ):
        assert said in page.read_text(encoding="utf-8")
        assert said in (tmp_path / "out/report.md").read_text(encoding="utf-8")


def test_fits_over_less_than_a_decade_and_what_their_interval_is_are_said(tmp_path):
    rows = [Row(None, t, "state_bytes", 4 + t, "byte") for t in (1, 2, 4)]
    Store(tmp_path, stamp=STAMP).append(Cell(harness="growth", method="m", protocol=FAR), rows)
    (growth,) = all_costs(load(tmp_path), "growth")
    (figure,) = growth_figures(growth, Palette(["m"]), "growth", None)
    said = " ".join(results(None, Beside(None, growth, None), "r", "R").notes)
    for text in (figure.caption, said):
        assert "how far the points are from one power of t, which is no confidence interval" in text
        assert "Less than a decade of t was there for m (t = 1 to 4)." in text


def test_sizes_and_objects_make_one_compact_table(tmp_path):
    store = Store(tmp_path, stamp=STAMP)
    for size, objects in (("1080x1920", 1), ("480x854", 5), ("480x854", 1)):
        rows = [Row(None, t, f"{part}_macs", objects * t * 1e9, "MAC")
                for t in (1, 10, 100) for part in ("read", "write")]  # fmt: skip
        store.append(Cell(harness="scaling", method="gc", size=size, objects=objects,
                          dataset="davis2016", protocol="analytic"), rows)  # fmt: skip
    (costs,) = all_costs(load(tmp_path), "scaling")
    table = scaling.table(costs, "scaling")
    assert [c.title for c in table.columns[3:]] == [
        "Read at t = 1", "Read at t = 10", "Read at t = 100", "Write at t = 100",
    ]  # fmt: skip
    assert table.texts() == [
        ["gc", "480x854", "1", "1.00", "10.0", "100", "100"],
        ["gc", "480x854", "5", "5.00", "50.0", "500", "500"],
        ["gc", "1080x1920", "1", "1.00", "10.0", "100", "100"],
    ]
    assert cost_table(costs, "scaling") == table


def test_the_paper_s_bytes_stand_against_the_public_arrangement_ours_beside(tmp_path):
    fabricate(tmp_path, harnesses=("table1",))
    table = paper.table1(load(tmp_path))
    cells = [dict(zip([c.title for c in table.columns], row, strict=True)) for row in table.texts()]
    assert [x["Ours: memory"] for x in cells[:3]] == ["3.94", "39.4", "394"]
    assert [x["Memory agrees"] for x in cells[:3]] == ["yes"] * 3
    # 4 bytes x 576 x (640 t + 2 x 576) without the affinity of earlier frames
    assert [x["Ours: memory, online softmax"] for x in cells[:3]] == ["3.94", "16.6", "143"]
    assert [x["Ours: memory, online softmax"] for x in cells[3:]] == ["–"] * 3  # noqa: RUF001


def test_a_method_that_never_reached_a_frame_leaves_the_others_their_columns(tmp_path):
    rows = [Row(None, t, "state_bytes", 2**20, "byte") for t in (1, 10)]
    store, cell = Store(tmp_path, stamp=STAMP), {"harness": "growth", "protocol": FAR}
    store.append(Cell(method="gc", **cell), rows)
    store.append(Cell(method="huge", **cell), [Row(None, None, "ends_at_t", 1, "frame")])
    (growth,) = all_costs(load(tmp_path), "growth")
    assert growth.labels == ["gc", "huge"]
    assert growth.common_times == [1, 10]
