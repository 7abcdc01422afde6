"""What a memory adds: the difference to no memory on the same weights, wherever scores stand."""

import numpy as np
import pytest

from tests.report.fabricated import DIGEST, STAMP, fabricate
from tests.report.readers import html_tables
from tests.report.test_scores import one_cell
from vosbench.report import control, render
from vosbench.report.costs import Beside, all_costs, choose
from vosbench.report.evidence import load
from vosbench.report.missing import missing
from vosbench.report.scores import all_scores
from vosbench.results import Store

OTHER = "fedcba987654"


def store(folder, own, floor, floor_weights=f"gc:{DIGEST}"):
    """`gc` with J = F = own[i] on sequence i, and `none` with floor[i]."""
    kept = Store(folder, stamp=STAMP)
    for i, (a, b) in enumerate(zip(own, floor, strict=True)):
        one_cell(kept, f"s{i}", {1: ([a], [a])})
        one_cell(kept, f"s{i}", {1: ([b], [b])}, method="none", weights=floor_weights)
    (scores,) = all_scores(load(folder))
    return scores


def test_what_a_memory_adds_is_the_mean_difference_over_sequences(tmp_path):
    scores = store(tmp_path, (0.8, 0.6, 0.7) * 2, (0.5, 0.1, 0.3) * 2)
    gc, none = scores.runs
    found = control.added(scores, gc)
    assert found is not None
    assert found.mean == pytest.approx(0.4)  # (0.3 + 0.5 + 0.4) / 3
    assert found.low == pytest.approx(0.4 - 1.96 * np.sqrt(0.02 / 3 / 6), abs=0.015)
    assert control.added(scores, none) is None
    said = control.sentences(scores, [gc])
    assert said == [
        "What the memory adds to J&F, over none on the same weights (95 % interval, uncorrected "
        f"p): gc +40.0 ({100 * found.low:+.1f} to {100 * found.high:+.1f}, p <0.001)."
    ]
    assert control.warning(scores, [gc]) == ""


def test_a_memory_that_adds_nothing_is_warned_of(tmp_path):
    scores = store(tmp_path, (0.8, 0.6, 0.7), (0.8, 0.7, 0.6))
    gc = scores.runs[0]
    assert control.sentences(scores, [gc]) == []
    assert (
        "gc (+0.0, uncorrected p 1.0): J&F is not clearly above that of no memory"
        in control.warning(scores, [gc])
    )


def test_over_one_sequence_it_is_the_plain_difference(tmp_path):
    scores = store(tmp_path, (0.8,), (0.5,))
    (gc, _) = scores.runs
    assert control.added(scores, gc) is None  # nothing to say of noise
    assert control.gain(scores, gc) == pytest.approx(0.3)
    head, first, *_ = html_tables(render(tmp_path, tmp_path / "out").read_text("utf-8"))["results"]
    assert first[head.index("Over none points")] == "+30.0"


def test_no_memory_on_other_weights_is_no_control(tmp_path):
    scores = store(tmp_path, (0.8, 0.6), (0.5, 0.1), f"gc:{OTHER}")
    assert [control.added(scores, run) for run in scores.runs] == [None, None]
    assert not control.any_added(scores)


def test_untrained_weights_have_no_control(tmp_path):
    fabricate(tmp_path, ("gc", "none"), weights="untrained", harnesses=("accuracy",))
    (scores,) = all_scores(load(tmp_path))
    assert not control.any_added(scores)


def test_the_page_shows_it_beside_the_score_and_warns_on_top(tmp_path):
    fabricate(tmp_path / "s", ("none",), weights=f"gc:{DIGEST}", harnesses=("accuracy",))
    fabricate(tmp_path / "s", ("zero", "gc"), harnesses=("accuracy",))  # worse by 0.05
    page = render(tmp_path / "s", tmp_path / "out").read_text("utf-8")
    head, *rows = html_tables(page)["results"]
    at = head.index("Over none points")
    shown = {row[0]: row[at] for row in rows}
    assert float(shown["gc"]) == pytest.approx(-5, abs=1)
    assert shown["none (swapped: gc's weights)"] == "–"  # noqa: RUF001
    assert "what the memory adds" in page
    assert "not clearly above that of no memory" in page


def test_a_control_needs_no_costs_of_its_own(tmp_path):
    fabricate(tmp_path, ("gc",), sequences=1)
    fabricate(tmp_path, ("none",), sequences=1, harnesses=("accuracy",), weights=f"gc:{DIGEST}")
    evidence = load(tmp_path)
    (scores,) = all_scores(evidence)
    found = [all_costs(evidence, harness) for harness in ("flops", "growth", "speed")]
    beside = Beside(*(choose(costs, scores.setting) for costs in found))
    assert not [line for line in missing(evidence, [(scores, beside)]) if "none" in line]
