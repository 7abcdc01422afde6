"""Swapped weights: shown, labelled apart, and never ranked."""

import re

import pytest

from tests.report.fabricated import DIGEST, fabricate
from tests.report.readers import html_tables
from vosbench.report import paper, render
from vosbench.report.costs import Beside
from vosbench.report.evidence import load
from vosbench.report.headline import headline
from vosbench.report.scores import all_scores


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """`none` on stm's weights is the best and the fastest of three."""
    folder = tmp_path_factory.mktemp("swapped")
    harnesses = ("accuracy", "flops", "growth", "speed")
    kept = {"sequences": 2, "frames": 5, "harnesses": harnesses}
    fabricate(folder / "s", ("none",), weights="stm:0123456789ab", **kept)
    fabricate(folder / "s", ("zero", "gc", "stm"), **kept)
    return render(folder / "s", folder / "out").read_text("utf-8")


def lines(page):
    """(class of the row, classes of its cells) of the results."""
    body = page.split('id="results"')[1].split("<tbody>")[1].split("</tbody>")[0]
    found = re.findall(r"<tr(?: class=\"(\w+)\")?>(.*?)</tr>", body, re.DOTALL)
    return [(kind, re.findall(r'<td class="([^"]*)"', cells)) for kind, cells in found]


def test_a_swapped_run_stands_last_and_apart_and_is_never_bold(page):
    head, *rows = html_tables(page)["results"]
    assert rows[-1][0] == "none (swapped: stm's weights)"
    assert rows[-1][head.index("J&F %")] >= max(row[head.index("J&F %")] for row in rows[:-1])
    *own, (kind, cells) = lines(page)
    assert kind == "apart"
    assert not any("best" in cell for cell in cells)
    assert [kind for kind, _ in own] == [""] * len(own)
    best = {i for _, cells in own for i, cell in enumerate(cells) if "best" in cell}
    assert {head.index("J&F %"), head.index("FPS 1/s"), head.index("Parameters M")} <= best


def test_differences_are_measured_from_the_best_method_with_weights_of_its_own(page):
    rows = html_tables(page)["differences"][1:]
    assert {row[0] for row in rows} == {"zero"}
    assert "none (swapped: stm's weights)" not in {row[1] for row in rows}  # stands in "adds"


def test_a_swapped_run_is_on_no_front(page):
    head, *rows = html_tables(page)["budgets"]
    front = {row[0]: row[head.index("Unbeaten in J&F and")] for row in rows}
    assert front["none (swapped: stm's weights)"] == "not ranked"
    assert front["zero"] == "state, multiply-adds"


def test_a_swapped_run_is_no_rows_best_for_no_more(page):
    """It has the highest J&F and the least state and multiply-adds of the page, as `zero` has."""
    head, *rows = html_tables(page)["budgets"]
    for what in ("state", "read"):
        best = {row[0]: row[head.index(f"Best for no more {what}")] for row in rows}
        assert set(best.values()) == {"zero"}
    assert "Not ranked: on swapped weights or untrained" in page


def test_the_papers_numbers_stand_beside_a_methods_own_weights_and_not_anothers(tmp_path):
    fabricate(tmp_path, ("gc",), sequences=2, harnesses=("accuracy",))
    fabricate(tmp_path, ("gc",), sequences=2, harnesses=("accuracy",), weights=f"stm:{DIGEST}")
    (scores,) = all_scores(load(tmp_path))
    table = paper.beside(scores, None, "published")
    assert table is not None
    assert {row["weights"] for row in table.rows} == {DIGEST}
    assert "data (2 of 20 sequences)" in table.notes[0]


def test_a_mean_over_fewer_sequences_than_the_others_stands_beside_no_papers(tmp_path):
    fabricate(tmp_path, ("gc",), sequences=4, harnesses=("accuracy",))
    fabricate(tmp_path, ("stm",), sequences=2, harnesses=("accuracy",))
    (scores,) = all_scores(load(tmp_path))
    table = paper.beside(scores, None, "published")
    assert table is not None
    assert {row["method"] for row in table.rows} == {"gc"}
    assert "Ours: 4 sequences;" in table.notes[1]


def said_of(folder, *runs):
    """The headline where each (weights, methods) ran, later methods of a run worse by 0.05."""
    for weights, methods in runs:
        fabricate(folder, methods, weights=weights, sequences=6, harnesses=("accuracy",))
    (scores,) = all_scores(load(folder))
    return headline(scores, Beside(None, None, None))


def test_swapped_weights_are_compared_with_each_other_where_no_method_has_its_own(tmp_path):
    said = said_of(tmp_path, (f"stm:{DIGEST}", ("first", "window")), (f"stm:{DIGEST}", ("none",)))
    assert re.fullmatch(
        r"first \(swapped: stm's weights\) leads window \(swapped: stm's weights\) by "
        r"\d\.\d points J&F",
        said.title,
    )
    assert "no memory here ran with weights that were trained with it" in said.warning
    assert said.sentences[0].startswith("J&F")
    assert "(none" not in said.title + said.sentences[0]  # a control


def test_an_untrained_method_beside_trained_ones_is_named_and_not_compared(tmp_path):
    said = said_of(tmp_path, ("untrained", ("zero",)), (DIGEST, ("best", "gc")))
    assert said.title.startswith("best leads gc")
    assert said.warning.startswith("Untrained weights (zero): J and F here show")
    assert len(said.sentences) == 1


def test_untrained_weights_alone_are_no_accuracy_to_compare(tmp_path):
    said = said_of(tmp_path, ("untrained", ("gc", "stm")))
    assert (said.title, said.sentences) == ("Untrained weights: no accuracy to compare", ())


@pytest.mark.parametrize(("sequences", "stands"), [(20, True), (21, False)])
def test_more_sequences_than_the_val_set_has_stand_beside_no_papers_numbers(
    tmp_path, sequences, stands
):
    fabricate(tmp_path, ("gc",), sequences=sequences, frames=4, harnesses=("accuracy",))
    (scores,) = all_scores(load(tmp_path))
    assert (paper.beside(scores, None, "published") is not None) == stands
