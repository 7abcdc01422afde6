import math

from hypothesis import given
from hypothesis import strategies as st

from tests.report.readers import csv_rows, latex_rows, markdown_rows
from vosbench.report.formats import percent, significant
from vosbench.report.tabular import MISSING, Column, Table, to_csv, to_latex, to_markdown

COLUMNS = (Column("name", "Name", text=True), Column("x", "J&F", "%", percent, best="high"))
signs = st.text(" abC|\\`*_{}[]<>&%$#~^1", min_size=1, max_size=12).map(str.strip).filter(bool)
numbers = st.none() | st.floats(-1e3, 1e3) | st.just(math.nan)


@given(st.lists(st.tuples(signs, numbers), min_size=1, max_size=4))
def test_the_same_texts_stand_in_csv_markdown_and_latex(lines):
    lines = [(" ".join(name.split()), x) for name, x in lines]
    table = Table("t", "Title", COLUMNS, [{"name": n, "x": x} for n, x in lines])
    wanted = [[n, MISSING if x is None or math.isnan(x) else f"{100 * x:z.1f}"] for n, x in lines]
    assert csv_rows(to_csv(table)) == wanted
    assert markdown_rows(to_markdown(table)) == wanted
    assert latex_rows(to_latex(table)) == wanted


def test_a_latex_table_is_booktabs_with_signs_escaped():
    table = Table("t", "100 % of_it", COLUMNS, [{"name": "a_b & c", "x": 0.5}], ("note #1",))
    text = to_latex(table)
    assert r"\caption{100 \% of\_it}" in text
    assert r"\begin{tabular}{lr}" in text
    assert r"a\_b \& c & 50.0 \\" in text
    assert [rule in text for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [True] * 3
    assert r"note \#1" in text


def test_a_missing_value_is_a_dash_and_never_a_zero():
    table = Table("t", "T", COLUMNS, [{"name": "a"}, {"name": "b", "x": 0.0}])
    assert table.texts() == [["a", MISSING], ["b", "0.0"]]


def test_values_that_look_equal_are_both_the_best_and_a_lone_value_is_not():
    rows = [{"name": n, "x": x} for n, x in (("a", 0.50001), ("b", 0.5), ("c", 0.4))]
    assert Table("t", "T", COLUMNS, rows).best() == {(0, "x"), (1, "x")}
    assert Table("t", "T", COLUMNS, rows[:1]).best() == set()


@given(st.floats(1e-6, 1e9))
def test_three_significant_digits_are_within_half_a_percent(value):
    text = significant(value)
    assert "e" not in text
    assert abs(float(text) - value) <= 0.0051 * value
