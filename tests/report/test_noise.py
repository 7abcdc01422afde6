"""What is said of a difference: p decides, says which p it is and never contradicts an interval."""

import pytest

from tests.report.fabricated import DIGEST, fabricate
from tests.report.readers import html_tables
from vosbench.report import render
from vosbench.report.evidence import load
from vosbench.report.headline import sentence
from vosbench.report.runs import Difference
from vosbench.report.scores import all_scores


@pytest.mark.parametrize(
    ("low", "high", "p", "ending"),
    [
        (0.01, 0.09, 0.02, "Holm-corrected p 0.020."),
        (-0.01, 0.09, 0.2, "Holm-corrected p 0.20: not clear of noise."),
        (0.01, 0.09, 0.08, "Holm-corrected p 0.080, above 0.05: not clear of noise, though the "
                           "interval leaves 0 out."),
        (-0.09, -0.01, 0.08, "Holm-corrected p 0.080, above 0.05: not clear of noise, though the "
                             "interval leaves 0 out."),
        (-0.01, 0.09, 0.04, "Holm-corrected p 0.040: clear of noise, though the interval holds "
                            "0."),
    ],
)  # fmt: skip
def test_the_sentence_says_which_p_decides_against_its_interval(tmp_path, low, high, p, ending):
    fabricate(tmp_path, sequences=2, frames=5, harnesses=("accuracy",))
    (scores,) = all_scores(load(tmp_path))
    found = Difference(*scores.runs, 0.05, low, high, p, clear=p <= 0.05, sequences=2)
    assert sentence(scores, found).endswith(ending)


def test_every_table_of_differences_says_which_p_it_has(tmp_path):
    kept = {"sequences": 2, "frames": 5, "harnesses": ("accuracy",)}
    fabricate(tmp_path / "s", ("gc", "stm"), **kept)
    fabricate(tmp_path / "s", ("none",), weights=f"gc:{DIGEST}", **kept)
    tables = html_tables(render(tmp_path / "s", tmp_path / "out").read_text("utf-8"))
    assert "Holm-corrected p" in tables["differences"][0]
    head, row, _ = tables["adds"]
    assert row[head.index("Clear of noise")] == "no: p above 0.05"  # the two are one
    assert row[head.index("Uncorrected p")] == "1.0"
