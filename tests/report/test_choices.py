"""Pareto fronts, matched budgets, ablations, and weights trained with another method."""

from dataclasses import replace

import pytest

from tests.report.fabricated import DIGEST, STAMP, fabricate
from vosbench.report import ablation, budgets
from vosbench.report.costs import Beside, all_costs, choose
from vosbench.report.evidence import load
from vosbench.report.figures.accuracy import speed_accuracy
from vosbench.report.figures.base import Palette
from vosbench.report.headline import headline
from vosbench.report.overview import results
from vosbench.report.runs import Run
from vosbench.report.scores import all_scores
from vosbench.results import Cell, Row, Store

COMMON = {"preset": "mini", "size": "480x854", "dataset": "davis2016", "objects": 1,
          "weights": DIGEST}  # fmt: skip
# method, parameters, J&F, MiB of state, read G MAC, FPS
FOUR = (
    ("gc", {}, 0.60, 1, 4, 30),
    ("stm", {}, 0.80, 9, 9, 10),
    ("stm", {"top_k": 20}, 0.78, 9, 2, 20),
    ("xmem", {}, 0.70, 12, 12, 5),
)


def measured(folder, lines=FOUR):
    store = Store(folder, stamp=STAMP)
    for method, parameters, jf, mib, macs, fps in lines:
        common = COMMON | {"method": method, "parameters": parameters}
        for sequence in ("a", "b"):
            cell = Cell(harness="accuracy", sequence=sequence, protocol="davis2016", **common)
            store.append(cell, [Row(1, t, m, jf, "1") for t in (1, 2) for m in "JF"])
        costs = {
            "growth": ("measured", [Row(None, 1, "state_bytes", mib * 2**20, "byte")]),
            "flops": ("torch", [Row(None, 1, "read_macs", macs * 1e9, "MAC"),
                                Row(None, None, "parameters", 8e6, "1")]),
            "speed": ("clock", [Row(None, None, "fps", fps, "1/s")]),
        }  # fmt: skip
        for harness, (protocol, rows) in costs.items():
            store.append(Cell(harness=harness, protocol=protocol, **common), rows)
    return shown(load(folder))


def shown(evidence):
    (scores,) = all_scores(evidence)
    costs = {
        h: choose(all_costs(evidence, h), scores.setting) for h in ("flops", "growth", "speed")
    }
    return scores, Beside(**costs)


def test_the_front_holds_whom_no_other_beats_in_accuracy_and_cost(tmp_path):
    found = budgets.marks(*measured(tmp_path))
    labels = {cost: {run.label for run in runs} for cost, runs in found.items()}
    assert labels == {"state": {"gc", "stm"}, "multiply-adds": {"stm", "stm(top_k=20)"}}


def test_two_methods_that_are_equal_are_both_on_the_front():
    run, other = Run("a", DIGEST, "a"), Run("b", DIGEST, "b")
    same = [budgets.Offer(r, 0.5, {"state_bytes": 1.0}, competes=True) for r in (run, other)]
    assert budgets.front(same, "state_bytes") == {run, other}


def test_an_untrained_method_is_on_no_front_and_nobodys_best_beside_trained_ones(tmp_path):
    kept = {"sequences": 2, "stamp": STAMP}
    fabricate(tmp_path, ("zero",), weights="untrained", **kept)  # the best J&F and the least bytes
    fabricate(tmp_path, ("second", "third"), **kept)
    table = budgets.table(*shown(load(tmp_path)), "budgets")
    by_method = {row["method"]: row for row in table.rows}
    assert by_method["zero (untrained weights)"]["front"] == "not ranked"
    assert {row["state_bytes:best"] for row in table.rows} == {"second"}


def test_a_matched_budget_names_the_best_for_no_more(tmp_path):
    table = budgets.table(*measured(tmp_path), "budgets")
    assert table.texts() == [
        ["stm", "80.0", "9.00", "stm", "80.0", "9.00", "stm", "80.0", "state, multiply-adds"],
        ["stm(top_k=20)", "78.0", "9.00", "stm", "80.0", "2.00", "stm(top_k=20)", "78.0",
         "multiply-adds"],
        ["xmem", "70.0", "12.0", "stm", "80.0", "12.0", "stm", "80.0", "neither"],
        ["gc", "60.0", "1.00", "gc", "60.0", "4.00", "stm(top_k=20)", "78.0", "state"],
    ]  # fmt: skip


def test_one_method_alone_has_no_budgets(tmp_path):
    assert budgets.table(*measured(tmp_path, FOUR[:1]), "budgets") is None


def test_the_speed_figure_rings_the_fronts(tmp_path):
    scores, beside = measured(tmp_path)
    palette = Palette([run.label for run in scores.runs])
    figure = speed_accuracy(scores, beside.speed, palette, "f", budgets.marks(scores, beside))
    assert "unbeaten in J&amp;F and state" in figure.svg
    assert "unbeaten in J&amp;F and multiply-adds" in figure.svg
    assert "unbeaten" not in speed_accuracy(scores, beside.speed, palette, "f", {}).svg


def test_two_settings_of_one_method_make_an_ablation(tmp_path):
    (table,) = ablation.tables(*measured(tmp_path), "")
    assert table.title == "Ablation of stm on davis2016"
    assert [c.title for c in table.columns] == [
        "Method", "top_k", "Weights", "J&F", "Parameters", "Read at t = 1", "State at t = 1", "FPS",
    ]  # fmt: skip
    assert table.texts() == [
        ["stm", "default", DIGEST, "80.0", "8.0", "9.00", "9.00", "10.0"],
        ["stm(top_k=20)", "20", DIGEST, "78.0", "8.0", "2.00", "9.00", "20.0"],
    ]


def test_methods_with_one_setting_each_have_no_ablation(tmp_path):
    fabricate(tmp_path, harnesses=("accuracy",), frames=5)
    assert ablation.tables(*shown(load(tmp_path)), "") == []


def swapped(folder):
    """A store's evidence where gc also ran with the weights of stm."""
    fabricate(folder, harnesses=("accuracy",), frames=5)
    fabricate(folder, ("gc",), harnesses=("accuracy",), frames=5, weights="f" * 12)
    evidence = load(folder)
    weights = evidence.rows.weights.astype(str).replace("f" * 12, "stm:" + "f" * 12)
    return replace(evidence, rows=evidence.rows.assign(weights=weights))


def test_weights_of_another_method_are_named_apart_and_come_last(tmp_path):
    scores, beside = shown(swapped(tmp_path))
    assert [run.name for run in scores.runs] == ["gc", "stm", "gc (swapped: stm's weights)"]
    table = results(scores, beside, "results", "Results")
    assert [row[-1] for row in table.texts()] == [DIGEST, DIGEST, "swapped: stm's weights"]
    assert any(note.startswith("Swapped: ") for note in table.notes)


def test_swapped_weights_are_never_the_headline(tmp_path):
    scores, beside = shown(swapped(tmp_path))
    said = headline(scores, beside)
    assert "swapped" not in said.title + " ".join(said.sentences)
    assert said.title.startswith(("gc leads stm", "gc and stm"))


@pytest.mark.parametrize("key", ["linestyle", "marker"])
def test_32_methods_look_different_as_lines_and_as_dots(key):
    palette = Palette([f"m{i}" for i in range(32)])
    styles = {(s["color"], s[key]) for s in map(palette.style, palette.labels)}
    assert len(styles) == 32
