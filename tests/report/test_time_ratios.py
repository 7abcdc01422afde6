"""Paired frame times, noise, roofline and other projects' clocks."""

import pytest

from tests.report.fabricated import CLOCK, STAMP, fabricate
from vosbench.report import clocks, ratios
from vosbench.report.costs import Beside, all_costs, choose
from vosbench.report.details import cost_table
from vosbench.report.evidence import load
from vosbench.report.headline import headline
from vosbench.report.overview import results
from vosbench.report.scores import all_scores
from vosbench.results import Cell, Row, Store

GC = {"fps": (20, "1/s"), "frame_seconds_mean": (0.05, "s"), "noise_ratio": (1.1, "1")}
STM = {
    "fps": (10, "1/s"), "frame_seconds_mean": (0.1, "s"), "noise_ratio": (1.3, "1"),
    "frame_seconds_ratio gc": (2.0, "1"), "frame_seconds_ratio_low gc": (1.6, "1"),
    "frame_seconds_ratio_high gc": (2.5, "1"), "roofline_ratio": (4.0, "1"),
    "clock_seconds_sam2": (0.08, "s"), "clock_ratio_sam2": (0.8, "1"),
    "clock_seconds_aot": (0.11, "s"), "clock_ratio_aot": (1.1, "1"),
}  # fmt: skip


def timed(folder, **methods):
    """One speed cell per method, of numbers without t."""
    store = Store(folder, stamp=STAMP)
    for method, numbers in methods.items():
        cell = Cell(harness="speed", method=method, preset="mini", dataset="davis2016",
                    sequence="seq00", size="480x854", objects=1, weights="0123456789ab",
                    protocol=CLOCK)  # fmt: skip
        store.append(cell, [Row(None, None, m, x, unit) for m, (x, unit) in numbers.items()])
    (speed,) = all_costs(load(folder), "speed")
    return speed


def test_a_paired_ratio_is_shown_with_its_interval_and_the_noise(tmp_path):
    table = ratios.table(timed(tmp_path, gc=GC, stm=STM), "times")
    assert table.texts() == [["stm", "gc", "2.00", "1.60", "2.50", "yes", "1.30"]]


def test_a_ratio_is_turned_round_with_its_interval(tmp_path):
    found = ratios.between(timed(tmp_path, gc=GC, stm=STM), "gc", "stm")
    assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.4, 0.625))


def test_two_that_took_turns_with_a_third_have_a_ratio_by_way_of_it(tmp_path):
    level = {"frame_seconds_ratio gc": (1.0, "1"), "frame_seconds_ratio_low gc": (0.8, "1"),
             "frame_seconds_ratio_high gc": (1.25, "1")}  # fmt: skip
    speed = timed(tmp_path, gc=GC, stm=STM, stcn=GC | level)
    found = ratios.between(speed, "stm", "stcn")
    # both intervals are a factor of 1.25 wide on either side: 1.25 to the power of sqrt(2) is 1.371
    assert (found.value, found.low, found.high) == pytest.approx((2, 1.4587, 2.7422), rel=1e-4)
    assert ratios.times_as_fast(speed, "stcn", "stm") == pytest.approx(2)


def test_a_ratio_of_one_round_has_no_verdict_and_is_not_used(tmp_path):
    one_round = {k: v for k, v in STM.items() if "_low" not in k and "_high" not in k}
    speed = timed(tmp_path, gc=GC, stm=one_round)
    assert ratios.table(speed, "times").texts()[0][3:6] == ["–", "–", "not known: one round"]  # noqa: RUF001
    assert ratios.between(speed, "stm", "gc") is None
    assert ratios.sentences(speed) == []


def test_a_baseline_with_parameters_has_the_report_s_name(tmp_path):
    given = {f"frame_seconds_ratio{end} stm:every=1,top_k=20": (x, "1")
             for end, x in (("", 0.5), ("_low", 0.4), ("_high", 0.6))}  # fmt: skip
    found = ratios.between(timed(tmp_path, gc=GC | given), "stm(every=1, top_k=20)", "gc")
    assert found.value == pytest.approx(2)


@pytest.mark.parametrize(("low", "high", "wanted"), [
    (1.9, 2.1, "; gc is 2.0× as fast"),  # noqa: RUF001
    (0.9, 4.0, ", at a speed that cannot be told apart"),
])  # fmt: skip
def test_the_headline_trusts_the_interval_not_the_frame_rates(tmp_path, low, high, wanted):
    fabricate(tmp_path, harnesses=("accuracy",), frames=6)
    interval = {
        "frame_seconds_ratio_low gc": (low, "1"),
        "frame_seconds_ratio_high gc": (high, "1"),
    }
    speed = timed(tmp_path, gc=GC, stm=STM | interval)
    (scores,) = all_scores(load(tmp_path))
    said = headline(scores, Beside(None, None, speed))
    assert said.title.endswith(wanted)
    paired = "A frame takes stm 2.00 times as long as gc, 95 % interval 1.90 to 2.10."
    assert (paired in said.sentences) == (low > 1)


@pytest.mark.parametrize(("fps", "noise", "wanted"), [
    (17, 1.0, ", at a speed that cannot be told apart"),
    (10, 2.1, ", at a speed that cannot be told apart"),
    (10, 1.9, "; gc is 2.0× as fast"),  # noqa: RUF001
])  # fmt: skip
def test_without_a_paired_ratio_a_lead_in_noise_is_no_headline(tmp_path, fps, noise, wanted):
    fabricate(tmp_path, harnesses=("accuracy",), frames=6)
    gc = {"fps": (20, "1/s"), "noise_ratio": (noise, "1")}
    beside = Beside(None, None, timed(tmp_path, gc=gc, stm={"fps": (fps, "1/s")}))
    (scores,) = all_scores(load(tmp_path))
    said = headline(scores, beside)
    assert said.title.endswith(wanted)
    bold = (0, "fps") in results(scores, beside, "r", "R").best()
    assert bold == ("as fast" in wanted)
    assert any("not clear of noise" in x for x in said.sentences[-1:]) != bold


@pytest.mark.parametrize(("noise", "bold"), [(1.9, True), (2.1, False)])
def test_the_nearest_to_the_roofline_is_bold_only_beyond_the_machine_s_noise(tmp_path, noise, bold):
    gc = {"roofline_ratio": (2.0, "1"), "noise_ratio": (noise, "1")}
    speed = timed(tmp_path, gc=GC | gc, stm=STM)  # at 4 times its roofline
    best = results(None, Beside(None, None, speed), "r", "R").best()
    assert ((0, "roofline") in best) == bold


def test_what_half_precision_gains_and_costs_and_the_machine_s_rates_are_listed(tmp_path):
    half = {
        "arithmetic_ratio": (0.625, "1"), "arithmetic_ratio_low": (0.6, "1"),
        "arithmetic_ratio_high": (0.65, "1"), "arithmetic_changed_pixels": (0.004, "1"),
        "gemm_rate": (5e10, "MAC/s"), "copy_rate": (1.2e10, "byte/s"),
    }  # fmt: skip
    table = cost_table(timed(tmp_path, gc={"fps": (20, "1/s")} | half), "speed")
    assert [c.header for c in table.columns[-2:]] == [
        "machine: matrix products (G MAC/s)", "machine: copies (GB/s)",
    ]  # fmt: skip
    assert table.texts() == [["gc", "–", "20.0", "50.0", "12.0"]]  # noqa: RUF001
    assert table.notes[-1] == (
        "gc: a frame takes 0.62 times as long in float32 as in float32, channels last, not "
        "compiled, 95 % interval 0.60 to 0.65; 0.4 % of pixels get another id."
    )


def test_noise_and_roofline_stand_beside_the_frame_rates(tmp_path):
    table = results(None, Beside(None, None, timed(tmp_path, gc=GC, stm=STM)), "r", "R")
    assert table.columns[-1].title == "Over roofline"
    assert [row[-1] for row in table.texts()] == ["–", "4.00"]  # noqa: RUF001
    assert any("Noise of the machine" in n and "1.10 to 1.30" in n for n in table.notes)


def test_a_store_without_them_has_neither_tables_nor_columns(tmp_path):
    fabricate(tmp_path, harnesses=("speed",))
    speed = choose(all_costs(load(tmp_path), "speed"))
    assert ratios.table(speed, "t") is None
    assert clocks.table(speed, "c") is None
    assert ratios.noise_note(speed) == ""
    titles = [c.title for c in results(None, Beside(None, None, speed), "r", "R").columns]
    assert "Over roofline" not in titles


def test_the_same_model_by_other_clocks(tmp_path):
    table = clocks.table(timed(tmp_path, gc=GC, stm=STM), "clocks")
    assert [c.header for c in table.columns] == [
        "Method", "Clock of", "By our clock (ms)", "By theirs (ms)", "Theirs / ours",
    ]  # fmt: skip
    assert table.texts() == [
        ["stm", "AOT", "100", "110", "1.10"], ["stm", "SAM 2", "100", "80.0", "0.80"],
    ]  # fmt: skip
    assert any(note.startswith("Not emulated: a cold start") for note in table.notes)


def test_how_much_of_a_mean_frame_0_is_stands_below_the_clocks(tmp_path):
    told = "Frame 0, where their clock counts it, is"
    now = STM | {"clock_sequence_frames": (70, "1")}
    new = clocks.table(timed(tmp_path / "new", gc=GC, stm=now), "clocks")
    assert f"{told} 1 of 70 frames, about a sequence of DAVIS. " in new.notes[0]
    old = clocks.table(timed(tmp_path / "old", gc=now, stm=STM), "clocks")  # of an earlier version
    assert f"{told} one of the frames that were timed, which are fewer at" in old.notes[0]


@pytest.mark.parametrize(("low", "high", "bold"), [(1.9, 2.1, True), (0.9, 4.0, False)])
def test_the_fastest_is_bold_only_where_its_lead_is_clear(tmp_path, low, high, bold):
    ends = {"frame_seconds_ratio_low gc": (low, "1"), "frame_seconds_ratio_high gc": (high, "1")}
    speed = timed(tmp_path, gc=GC, stm=STM | ends)
    table = results(None, Beside(None, None, speed), "r", "R")
    assert ((0, "fps") in table.best()) == bold
    assert any("No speed is set in bold" in note for note in table.notes) != bold


@pytest.mark.parametrize(("noise", "bold"), [(1.1, True), (7.6, False)])
def test_a_lead_without_an_interval_must_be_larger_than_the_machine_s_noise(tmp_path, noise, bold):
    timings = {"gc": (20, noise), "stm": (10, 1.0)}
    speed = timed(tmp_path, **{
        name: {"fps": (fps, "1/s"), "noise_ratio": (n, "1")} for name, (fps, n) in timings.items()
    })  # fmt: skip
    assert bool(results(None, Beside(None, None, speed), "r", "R").best()) == bold


def test_the_listing_of_seconds_leaves_other_clocks_out(tmp_path):
    table = cost_table(timed(tmp_path, gc=GC, stm=STM), "speed")
    assert [c.title for c in table.columns] == ["Method", "t", "frame mean", "fps"]
