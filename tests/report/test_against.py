"""What moved between two stores."""

import numpy as np
import pytest

from tests.report.fabricated import STAMP, fabricate
from tests.report.test_scores import one_cell
from vosbench.harness.settings import Settings
from vosbench.harness.speed.plan import protocol
from vosbench.report.__main__ import main
from vosbench.report.against import against
from vosbench.report.evidence import load
from vosbench.results import Cell, Row, Store


def scored(folder, values, method="gc", *, weights="0123456789ab", first=0, **fields):
    """A store with one J = F value per sequence."""
    store = Store(folder, stamp=STAMP)
    for i, value in enumerate(values, first):
        cell = Cell(
            harness="accuracy", method=method, preset="mini", dataset="davis2016",
            sequence=f"s{i}", size="480x854", objects=1, protocol="davis2016",
            weights=weights, **fields,
        )  # fmt: skip
        store.append(cell, [Row(1, t, m, value, "1") for t in (1, 2) for m in "JF"])


def move(new, old, metric):
    (found,) = [m for m in against(load(new), old).moves if m.metric.startswith(metric)]
    return found


def test_a_store_against_itself_has_moved_nowhere(tmp_path):
    fabricate(tmp_path / "a")
    found = against(load(tmp_path / "a"), tmp_path / "a")
    assert len(found.moves) > 10
    assert not [m for m in found.moves if m.verdict]
    assert not found.worse


def test_five_points_on_every_sequence_are_better_and_their_interval_is_five(tmp_path):
    old = np.array([0.4, 0.6, 0.7, 0.4, 0.6, 0.7])
    scored(tmp_path / "old", old)
    scored(tmp_path / "new", old + 0.05)
    found = move(tmp_path / "new", tmp_path / "old", "J&F")
    assert (found.old, found.new) == ("56.7", "61.7")
    assert found.change == "+5.0 (+5.0 to +5.0, uncorrected p <0.001)"
    assert found.verdict == "better"


def test_gains_and_losses_that_cancel_are_noise(tmp_path):
    scored(tmp_path / "old", [0.5, 0.5, 0.5, 0.5])
    scored(tmp_path / "new", [0.7, 0.3, 0.6, 0.42])
    assert move(tmp_path / "new", tmp_path / "old", "J&F").verdict == ""


def test_only_sequences_that_both_have_are_compared_and_their_number_stands_in_the_table(tmp_path):
    scored(tmp_path / "old", [0.5, 0.5])
    scored(tmp_path / "new", [0.5, 0.5, 0.1])
    found = move(tmp_path / "new", tmp_path / "old", "J&F")
    assert found.change == "+0.0 (+0.0 to +0.0, uncorrected p 1.0)"
    assert found.row["pairs"] == "2 of 3 sequences"
    assert move(tmp_path / "new", tmp_path / "new", "J&F").pairs == "3 sequences"


def test_runs_without_a_sequence_in_common_are_said_not_to_be_compared(tmp_path, capsys):
    scored(tmp_path / "old", [0.5, 0.5])
    scored(tmp_path / "new", [0.5, 0.5], first=2)
    found = against(load(tmp_path / "new"), tmp_path / "old")
    reason = "gc: J&F on davis2016: no sequence in common"
    assert (found.moves, found.gone, found.apart) == ((), (), (reason,))
    assert f"Not compared: {reason}." in found.table.notes
    given = [str(tmp_path / "new"), "--out", str(tmp_path / "out")]
    assert main([*given, "--against", str(tmp_path / "old")]) == 0
    assert f"not compared: {reason}" in capsys.readouterr().out


def test_controls_on_retrained_weights_are_compared_by_whose_weights_they_are(tmp_path):
    for folder, digit, gained in (("old", "a", 0.0), ("new", "b", 0.05)):
        for donor, base in (("gc", 0.2), ("stm", 0.3), ("stcn", 0.4)):
            values = [base + gained] * 3
            scored(tmp_path / folder, values, "none", weights=f"{donor}:{12 * digit}")
    found = against(load(tmp_path / "new"), tmp_path / "old")
    assert [(m.method, m.old, m.new) for m in found.moves] == [
        ("none (swapped: gc's weights)", "20.0", "25.0"),
        ("none (swapped: stcn's weights)", "40.0", "45.0"),
        ("none (swapped: stm's weights)", "30.0", "35.0"),
    ]
    assert (found.gone, found.apart) == ((), ())


def test_a_control_that_is_no_more_is_gone_though_another_is_there(tmp_path):
    scored(tmp_path / "old", [0.5, 0.5], "none", weights="gc:0123456789ab")
    scored(tmp_path / "old", [0.5, 0.5], "none", weights="stm:ba9876543210")
    scored(tmp_path / "new", [0.5, 0.5], "none", weights="gc:0123456789ab")
    found = against(load(tmp_path / "new"), tmp_path / "old")
    assert found.gone == ("none (swapped: stm's weights): J&F on davis2016",)


def test_of_several_new_weights_of_one_method_none_is_guessed_at(tmp_path):
    scored(tmp_path / "old", [0.5, 0.5])
    for digit in "ab":
        scored(tmp_path / "new", [0.5, 0.5], weights=12 * digit)
    found = against(load(tmp_path / "new"), tmp_path / "old")
    assert (found.moves, found.gone) == ((), ())
    assert found.apart == (
        "gc: J&F on davis2016: 2 weights of that name now, none of them the same",
    )


@pytest.mark.parametrize("new", [[0.9], [0.9, 0.4]])
def test_one_or_two_sequences_are_no_more_than_noise(tmp_path, new):
    scored(tmp_path / "old", [0.2] * len(new))
    scored(tmp_path / "new", new)
    assert move(tmp_path / "new", tmp_path / "old", "J&F").verdict == ""


def test_new_weights_of_one_method_are_compared_with_its_old_ones(tmp_path):
    fabricate(tmp_path / "old", ("gc",), harnesses=("accuracy",))
    fabricate(tmp_path / "new", ("gc",), harnesses=("accuracy",), weights="ffffffffffff")
    assert move(tmp_path / "new", tmp_path / "old", "J&F").change.startswith("+0.0")


@pytest.mark.parametrize("field", ["protocol", "preset", "dataset", "precision", "tool"])
def test_numbers_of_different_settings_are_not_compared(tmp_path, field):
    fabricate(tmp_path / "old", ("gc",), harnesses=("accuracy", "flops"))
    fabricate(tmp_path / "new", ("gc",), harnesses=("accuracy",), **{field: "another"})
    assert not against(load(tmp_path / "new"), tmp_path / "old").moves


def test_costs_that_are_not_measured_any_more_are_gone(tmp_path):
    fabricate(tmp_path / "old", sequences=1)
    fabricate(tmp_path / "new", sequences=1, harnesses=("accuracy", "flops", "table1"))
    fabricate(tmp_path / "new", ("gc",), harnesses=("growth",))
    found = against(load(tmp_path / "new"), tmp_path / "old")
    assert found.gone == ("stm: growth at 480x854", "gc: speed at 480x854", "stm: speed at 480x854")


def test_costs_at_another_size_are_no_longer_those_of_before(tmp_path):
    fabricate(tmp_path / "old", ("gc",), harnesses=("flops",), size="192x342")
    fabricate(tmp_path / "new", ("gc",), harnesses=("flops",), size="240x428")
    assert against(load(tmp_path / "new"), tmp_path / "old").gone == ("gc: flops at 192x342",)


def test_a_store_with_fewer_frame_widths_is_compared_on_what_it_has(tmp_path):
    for i, size in enumerate(("192x342", "192x364")):
        one_cell(Store(tmp_path / "old", stamp=STAMP), f"s{i}", {1: ([0.5], [0.5])}, size=size)
    one_cell(Store(tmp_path / "new", stamp=STAMP), "s0", {1: ([0.6], [0.6])}, size="192x342")
    found = against(load(tmp_path / "new"), tmp_path / "old")
    assert [(m.old, m.new) for m in found.moves] == [("50.0", "60.0")]
    assert found.gone == ()


def test_a_method_that_is_not_measured_any_more_is_worse(tmp_path):
    fabricate(tmp_path / "old", ("gc", "stm"), harnesses=("accuracy",))
    fabricate(tmp_path / "new", ("gc",), harnesses=("accuracy",))
    found = against(load(tmp_path / "new"), tmp_path / "old")
    assert found.gone == ("stm: J&F on davis2016",)
    assert found.worse


def costs(folder, macs, seconds, machine="Abacus", clock="clock"):
    store = Store(folder, stamp={**STAMP, "machine": machine})
    common = {"method": "gc", "preset": "mini", "size": "480x854", "objects": 1,
              "weights": "0123456789ab", "dataset": "davis2016"}  # fmt: skip
    rows = [Row(None, t, "read_macs", macs * t, "MAC") for t in (1, 10)]
    store.append(Cell(harness="flops", protocol="torch", **common), rows)
    rows = [Row(None, None, "frame_seconds_p50", seconds, "s")]
    store.append(Cell(harness="speed", protocol=clock, **common), rows)


def test_a_count_that_doubles_is_worse_and_named_at_its_last_common_t(tmp_path):
    costs(tmp_path / "old", 1e9, 0.1)
    costs(tmp_path / "new", 2e9, 0.1)
    found = move(tmp_path / "new", tmp_path / "old", "read macs")
    assert found.metric == "read macs at t = 10 (G MAC)"
    assert (found.old, found.new, found.change) == ("10.0", "20.0", "x 2.00")
    assert found.verdict == "worse"


@pytest.mark.parametrize(("seconds", "verdict"), [(0.11, ""), (0.09, ""), (0.2, "worse"),
                                                  (0.05, "better")])  # fmt: skip
def test_a_frame_time_moves_only_beyond_what_a_machine_wobbles(tmp_path, seconds, verdict):
    costs(tmp_path / "old", 1e9, 0.1)
    costs(tmp_path / "new", 1e9, seconds)
    assert move(tmp_path / "new", tmp_path / "old", "frame seconds").verdict == verdict


def test_times_of_two_machines_are_not_compared_and_counts_are(tmp_path):
    costs(tmp_path / "old", 1e9, 0.1)
    costs(tmp_path / "new", 1e9, 0.1, machine="Slide rule")
    found = against(load(tmp_path / "new"), tmp_path / "old")
    assert [m.metric for m in found.moves] == ["read macs at t = 10 (G MAC)"]
    assert found.apart == ("gc: speed at 480x854: timed on another machine",)


@pytest.mark.parametrize(("machine", "gone"), [
    ("Slide rule", ()), ("Abacus", ("gc: speed at 480x854",)),
])  # fmt: skip
def test_times_of_another_machine_are_there_however_many_threads_it_takes(tmp_path, machine, gone):
    for folder, where, threads in (("old", "Abacus", 2), ("new", machine, 16)):
        clock = protocol(Settings(methods=(), threads=threads))
        costs(tmp_path / folder, 1e9, 0.1, where, clock)
    found = against(load(tmp_path / "new"), tmp_path / "old")
    assert found.gone == gone
    assert found.worse == bool(gone)


@pytest.mark.parametrize(("factor", "status"), [(1.0, 0), (2.0, 1), (0.5, 0)])
def test_the_exit_status_tells_whether_something_got_worse(tmp_path, capsys, factor, status):
    costs(tmp_path / "old", 1e9, 0.1)
    costs(tmp_path / "new", factor * 1e9, 0.1)
    given = [str(tmp_path / "new"), "--out", str(tmp_path / "out")]
    assert main([*given, "--against", str(tmp_path / "old")]) == status
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "What moved" in page
    assert (tmp_path / "out" / "tables" / "against.csv").is_file()
    assert ("worse: gc, read macs" in capsys.readouterr().out) == (factor > 1)


def test_an_old_store_that_is_not_there_is_one_line_and_status_2(tmp_path, capsys):
    fabricate(tmp_path / "new", ("gc",))
    given = [str(tmp_path / "new"), "--out", str(tmp_path / "out")]
    assert main([*given, "--against", str(tmp_path / "nowhere")]) == 2
    assert "no measurements in" in capsys.readouterr().err
