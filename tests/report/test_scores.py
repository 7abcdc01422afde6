import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from tests.report.fabricated import DIGEST, STAMP, fabricate
from vosbench.metrics import summarise
from vosbench.metrics.pairs import holm, holm_of_pairs
from vosbench.report import render
from vosbench.report.costs import all_costs, choose
from vosbench.report.drift import drift
from vosbench.report.evidence import load
from vosbench.report.scores import all_scores
from vosbench.results import Cell, Row, Store

ACCURACY = ("accuracy",)


def one_cell(store, sequence, objects, method="gc", first=1, **fields):
    """objects: id -> (J, F) curves, from frame `first` on."""
    known = {"dataset": "d", "protocol": "davis2017", "size": "480x854", "weights": DIGEST}
    cell = Cell(harness="accuracy", method=method, sequence=sequence, **(known | fields))
    curves = [(o, n, x) for o, both in objects.items() for n, x in zip("JF", both, strict=True)]
    rows = [Row(o, t, n, x, "1") for o, n, curve in curves for t, x in enumerate(curve, first)]
    store.append(cell, rows)


def test_the_mean_is_over_objects_not_over_sequences(tmp_path):
    store = Store(tmp_path, stamp=STAMP)
    one_cell(store, "two", {1: ([1.0], [1.0]), 2: ([0.4], [0.6])})
    one_cell(store, "one", {1: ([0.1], [0.2])})
    (scores,) = all_scores(load(tmp_path))
    total = scores.total(scores.runs[0])
    assert total["J_mean"] == pytest.approx(0.5)  # (1 + 0.4 + 0.1) / 3
    assert total["F_mean"] == pytest.approx(0.6)  # (1 + 0.6 + 0.2) / 3
    assert total["J&F"] == pytest.approx(0.55)
    assert scores.per_sequence["gc"].to_dict() == pytest.approx({"one": 0.15, "two": 0.75})
    assert scores.over == "objects"


def test_after_a_return_counts_only_objects_that_come_back(tmp_path):
    store = Store(tmp_path, stamp=STAMP)
    one_cell(store, "s", {1: ([1.0] * 3, [1.0] * 3), 2: ([0.5] * 3, [0.5] * 3)})
    (scores,) = all_scores(load(tmp_path))
    assert scores.returning == 0
    back = {"dataset": "d", "protocol": "davis2017", "size": "480x854", "weights": DIGEST}
    rows = [
        Row(o, t, name, J, "1")
        for o, J in ((1, 0.2), (2, 0.9), (3, 0.4))
        for t in (1, 2, 3)
        for name in ("J", "F", *(["J_after_return"] if o != 2 and t > 1 else []))
    ]
    store.append(Cell(harness="accuracy", method="gc", sequence="back", **back), rows)
    (scores,) = all_scores(load(tmp_path))
    assert scores.returning == 2  # objects 1 and 3 of the second sequence
    total = scores.total(scores.runs[0])
    assert total["J_after_return_mean"] == pytest.approx((0.2 + 0.4) / 2)
    assert total["J_mean"] == pytest.approx((1 + 0.5 + 0.2 + 0.9 + 0.4) / 5)


def test_recall_and_decay_are_the_metrics_own(tmp_path):
    store, curve = Store(tmp_path, stamp=STAMP), [0.9, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]
    one_cell(store, "s", {1: (curve, curve)})
    (scores,) = all_scores(load(tmp_path))
    total, wanted = scores.total(scores.runs[0]), summarise(np.array(curve))
    assert total["J_recall"] == pytest.approx(3 / 8)
    assert total["J_decay"] == pytest.approx(wanted.decay)


@pytest.mark.parametrize(
    "change",
    [
        {"protocol": "vos-benchmark"}, {"dataset": "other"}, {"preset": "paper"},
        {"size": "240x428"}, {"seed": 3}, {"precision": "bfloat16"}, {"tool": "other"},
        {"device": "cuda"},
    ],
)  # fmt: skip
def test_two_settings_never_share_a_column(tmp_path, change):
    fabricate(tmp_path, ("gc",), sequences=2, harnesses=ACCURACY)
    fabricate(tmp_path, ("stm",), sequences=2, harnesses=ACCURACY, **change)
    found = all_scores(load(tmp_path))
    assert sorted(run.label for scores in found for run in scores.runs) == ["gc", "stm"]
    assert len(found) == 2


def test_sequences_of_two_machines_and_of_two_widths_are_one_run(tmp_path):
    kept = Store(tmp_path, stamp=STAMP)
    elsewhere = Store(tmp_path / "b", stamp=STAMP | {"machine": "Another"})
    for i, size in enumerate(["192x342", "192x342", "192x364"]):
        one_cell(kept, f"s{i}", {1: ([0.5], [0.5])}, size=size)
    one_cell(elsewhere, "s3", {1: ([0.5], [0.5])}, size="342x192")
    kept.path.write_bytes(kept.path.read_bytes() + elsewhere.path.read_bytes())
    (scores,) = all_scores(load(tmp_path))
    assert scores.sequences == ["s0", "s1", "s2", "s3"]
    assert scores.setting.machine == STAMP["machine"]  # where most ran
    one_cell(kept, "s0", {1: ([0.6], [0.6])}, size="240x428")
    assert [len(s.sequences) for s in all_scores(load(tmp_path))] == [4, 1]


def test_sequences_of_different_width_stay_one_data_set(tmp_path):
    store = Store(tmp_path, stamp=STAMP)
    one_cell(store, "a", {1: ([1.0], [1.0])}, size="480x854")
    one_cell(store, "b", {1: ([1.0], [1.0])}, size="480x910")
    (scores,) = all_scores(load(tmp_path))
    assert scores.setting.size == "480x854, 480x910"


def test_two_weights_of_one_method_are_two_runs_and_untrained_is_said(tmp_path):
    fabricate(tmp_path, ("gc",), sequences=2, harnesses=ACCURACY)
    fabricate(tmp_path, ("gc",), sequences=2, harnesses=ACCURACY, weights="untrained")
    (scores,) = all_scores(load(tmp_path))
    assert [run.title for run in scores.runs] == ["gc 012345", "gc (untrained weights)"]


def test_parameters_make_another_method(tmp_path):
    fabricate(tmp_path, ("stm",), sequences=1, harnesses=ACCURACY)
    fabricate(tmp_path, ("stm",), sequences=1, harnesses=ACCURACY, parameters='{"top_k":20}')
    assert load(tmp_path).labels == ["stm", "stm(top_k=20)"]


def test_a_method_without_all_sequences_is_not_ranked_but_compared_on_the_shared_ones(tmp_path):
    fabricate(tmp_path, ("gc", "stm"), sequences=3, harnesses=ACCURACY)
    fabricate(tmp_path, ("third",), sequences=2, harnesses=ACCURACY)
    (scores,) = all_scores(load(tmp_path))
    assert [run.name for run in scores.ranked()] == ["gc", "stm"]
    gc, _, third = scores.runs
    assert scores.compare(gc, third).sequences == 2


def test_the_drift_clock_stops_where_fewer_than_half_of_the_sequences_go_on(tmp_path):
    store = Store(tmp_path, stamp=STAMP)
    for name, curve in (("a", [1.0] * 9), ("b", [0.5] * 3), ("c", [0.0] * 3)):
        one_cell(store, name, {1: (curve, curve), 2: (curve, curve)})
    (scores,) = all_scores(load(tmp_path))
    t, J = drift(scores, scores.runs[0])
    assert t.tolist() == [1, 2, 3]
    assert J.tolist() == pytest.approx([0.5] * 3)


def test_the_drift_clock_counts_from_the_frame_that_gave_the_mask(tmp_path):
    store = Store(tmp_path, stamp=STAMP)
    one_cell(store, "a", {1: ([0.9, 0.7], [0.9, 0.7])})
    one_cell(store, "late", {1: ([0.5, 0.1], [0.5, 0.1])}, first=7)
    (scores,) = all_scores(load(tmp_path))
    age, J = drift(scores, scores.runs[0])
    assert age.tolist() == [1, 2]
    assert J.tolist() == pytest.approx([0.7, 0.4])


def test_costs_of_another_size_or_machine_do_not_stand_beside_an_accuracy(tmp_path):
    fabricate(tmp_path, ("gc",), sequences=1, harnesses=ACCURACY)
    fabricate(tmp_path, ("gc",), harnesses=("flops", "growth"), size="240x428")
    fabricate(tmp_path, ("gc",), harnesses=("speed",), stamp=STAMP | {"machine": "Another"})
    evidence = load(tmp_path)
    (scores,) = all_scores(evidence)
    for harness in ("flops", "growth", "speed"):
        assert choose(all_costs(evidence, harness), scores.setting) is None
        assert choose(all_costs(evidence, harness)) is not None


def test_the_counter_that_counts_most_methods_is_chosen(tmp_path):
    fabricate(tmp_path, ("gc", "stm"), harnesses=("flops",))
    found = all_costs(load(tmp_path), "flops")
    assert {costs.setting.protocol for costs in found} == {"analytic", "fvcore", "torch"}
    assert choose(found).setting.protocol == "fvcore"


@pytest.mark.parametrize(
    ("policy", "share"),
    [
        ({"policy_every": 1}, 1), ({"policy_every": 5}, 0.2), ({"policy_every": 10**9}, 1e-9),
        ({"policy_every": 5, "policy_include_previous": True}, 1),
    ],
)  # fmt: skip
def test_a_frame_is_the_sum_of_its_stages_and_of_the_share_that_writes_take(
    tmp_path, policy, share
):
    stamp = STAMP | {"defaults": json.dumps({"policy_include_previous": False} | policy)}
    fabricate(tmp_path, ("gc",), harnesses=("flops",), stamp=stamp)
    by = {c.setting.protocol: c for c in all_costs(load(tmp_path), "flops")}
    t, macs = by["fvcore"].whole_frame("gc")
    always, of_a_write = 3e9 + 2e9 + 1e7, 3.1e9 + 1e7
    assert macs[t == 100] == pytest.approx(always + share * of_a_write)
    assert by["analytic"].whole_frame("gc")[0].size == 0  # it lacks a stage


def test_a_frame_is_not_summed_where_the_policy_is_not_noted(tmp_path):
    older = STAMP | {"defaults": "unknown"}
    fabricate(tmp_path, ("gc",), harnesses=("flops",), stamp=older)
    by = {c.setting.protocol: c for c in all_costs(load(tmp_path), "flops")}
    assert by["fvcore"].whole_frame("gc")[0].size == 0


def test_the_drift_clock_counts_frames_where_masks_lie_five_apart(tmp_path):
    store = Store(tmp_path, stamp=STAMP)
    scored = [Row(1, t, metric, 0.5, "1") for t in (5, 10, 15) for metric in "JF"]
    cell = Cell(harness="accuracy", method="gc", dataset="youtube-vos", sequence="a",
                weights=DIGEST, protocol="youtube-vos", objects=1)  # fmt: skip
    store.append(cell, scored)
    (scores,) = all_scores(load(tmp_path))
    assert drift(scores, scores.runs[0])[0].tolist() == [5, 10, 15]


def test_p_values_against_the_best_are_of_all_pairs_of_methods_at_once(tmp_path):
    fabricate(tmp_path, ("gc", "stm", "third", "fourth"), sequences=6, harnesses=ACCURACY)
    (scores,) = all_scores(load(tmp_path))
    ranked = scores.ranked()
    alone = [scores.compare(a, b).p for a, b in combinations(ranked, 2)]
    of_the_best = holm(alone)[:3]  # the first three pairs are those of the first
    assert [d.second for d in scores.against_best] == ranked[1:]
    assert [d.p for d in scores.against_best] == pytest.approx(of_the_best)
    assert [d.clear for d in scores.against_best] == [p <= 0.05 for p in of_the_best]


def differences(folder):
    (scores,) = all_scores(load(folder))
    return {d.second.name: (d.first.name, d.p) for d in scores.against_best}


def test_untrained_and_swapped_methods_cost_those_that_compete_no_p(tmp_path):
    kept = {"sequences": 6, "harnesses": ACCURACY}
    fabricate(tmp_path, ("gc", "stm", "third"), **kept)
    alone = differences(tmp_path)
    fabricate(tmp_path, ("zero", "one", "two", "three"), weights="untrained", **kept)
    assert differences(tmp_path) == alone
    fabricate(tmp_path, ("four", "five"), weights=f"stm:{DIGEST}", **kept)
    beside = differences(tmp_path)
    assert {name: beside[name] for name in alone} == alone
    swapped = {f"{name} (swapped: stm's weights)" for name in ("four", "five")}
    assert beside.keys() - alone.keys() == swapped
    assert {first for first, _ in beside.values()} == {"gc"}


def test_of_twenty_equal_methods_the_best_is_seldom_called_better_than_any():
    draw = np.random.default_rng(0)
    found = []
    for _ in range(60):
        values = draw.normal(0.7, 0.1, 8) + draw.normal(0, 0.03, (20, 8))
        best = int(values.mean(1).argmax())
        p = holm_of_pairs(list(values), np.ones(8))
        found.append(min(x for pair, x in p.items() if best in pair) <= 0.05)
    assert sum(found) <= 6  # 5 % are 3; by the nineteen rows alone they would be 16


def test_costs_of_two_weights_are_never_mixed_the_later_cell_stands_whole(tmp_path):
    store = Store(tmp_path, stamp=STAMP)
    cell = Cell(harness="speed", method="stm", dataset="d", size="480x854", objects=1, protocol="c",
                weights=DIGEST)  # fmt: skip
    store.append(cell, [Row(None, None, "fps", 4.0, "1/s"), Row(None, None, "ratio", 5.0, "1")])
    store.append(replace(cell, weights="ba9876543210"), [Row(None, None, "fps", 20.0, "1/s")])
    (costs,) = all_costs(load(tmp_path), "speed")
    assert costs.whole("stm") == {"fps": 20.0}


def test_the_results_show_j_after_a_return_where_objects_come_back(tmp_path):
    store = fabricate(tmp_path / "store", ("gc",), sequences=1, harnesses=ACCURACY)
    page = render(store.folder, tmp_path / "out")
    assert "J after return" not in page.read_text(encoding="utf-8")
    (cell,) = store.cells()
    again = [Row(1, t, "J", 0.5, "1") for t in (1, 2)] + [Row(1, 2, "J_after_return", 0.5, "1")]
    store.append(cell, [*again, Row(1, 1, "F", 0.5, "1"), Row(1, 2, "F", 0.5, "1")])
    shown = render(store.folder, tmp_path / "out").read_text(encoding="utf-8")
    assert "J after return" in shown
    assert "each time it comes back; 1 object." in shown
