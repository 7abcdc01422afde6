"""Table 2 of the GC paper: context size against parameters, J&F and time."""

import pytest

from tests.report.fabricated import STAMP
from vosbench.report import table2
from vosbench.report.costs import Beside, all_costs, choose
from vosbench.report.evidence import load
from vosbench.report.scores import all_scores
from vosbench.results import Cell, Row, Store

# parameters of gc, millions of the network, J&F, FPS
TWO = (({}, 38.43, 0.60, 20), ({"key_dim": 512}, 45.52, 0.70, 10))


def measured(folder, lines=TWO, dataset="davis2016", harnesses=("accuracy", "flops", "speed")):
    store = Store(folder, stamp=STAMP)
    for parameters, millions, jf, fps in lines:
        common = {
            "method": "gc", "parameters": parameters, "preset": "paper", "size": "480x854",
            "dataset": dataset, "weights": "untrained", "objects": 1,
        }  # fmt: skip
        rows = {
            "accuracy": ("davis2016", [Row(1, 1, m, jf, "1") for m in "JF"]),
            "flops": ("torch", [Row(None, None, "parameters", millions * 1e6, "1")]),
            "speed": ("clock", [Row(None, None, "fps", fps, "1/s")]),
        }
        for harness in harnesses:
            protocol, found = rows[harness]
            store.append(Cell(harness=harness, sequence="a", protocol=protocol, **common), found)
    return shown(folder)


def shown(folder):
    evidence = load(folder)
    costs = {harness: all_costs(evidence, harness) for harness in ("flops", "growth", "speed")}
    scored = [
        (s, Beside(**{h: choose(found, s.setting) for h, found in costs.items()}))
        for s in all_scores(evidence)
    ]
    return table2.table(costs, scored)


def texts(table):
    return dict(
        zip([c.title for c in table.columns], zip(*table.texts(), strict=True), strict=True)
    )


@pytest.mark.parametrize("named", [{}, {"key_dim": 128}, {"key_dim": 128, "value_dim": 512}])
def test_parameters_accuracy_and_time_stand_beside_the_papers(tmp_path, named):
    """A record may name a width that is the preset's own: both rows are filled all the same."""
    table = measured(tmp_path, [(named, *TWO[0][1:]), TWO[1], ({"policy_every": 5}, 1, 0.9, 99)])
    assert texts(table) == {
        "Context": ("512x128", "512x512"),
        "Paper: parameters": ("38", "46"), "Ours: parameters": ("38.4", "45.5"),
        "Paper: J&F": ("86.6", "86.1"), "Ours: J&F": ("60.0", "70.0"),
        "Our weights": ("untrained weights",) * 2,
        "Paper: time": ("0.040", "0.046"), "Ours: time": ("0.0500", "0.100"),
    }  # fmt: skip
    assert any("data (1 of 20 sequences)" in note for note in table.notes)


def test_what_was_not_measured_has_no_column_and_other_data_is_named(tmp_path):
    table = measured(tmp_path / "a", TWO[1:], harnesses=("flops",))
    assert texts(table)["Ours: parameters"] == ("–", "45.5")  # noqa: RUF001
    assert not {"Ours: J&F", "Our weights", "Ours: time"} & texts(table).keys()
    table = measured(tmp_path / "b", dataset="synthetic")
    assert texts(table)["Ours: J&F"] == ("60.0", "70.0")
    assert "Other data than the paper's: no J&F of davis2016 was measured." in table.notes
    assert "data synthetic" in table.notes[1]


def test_another_memory_makes_no_table_2(tmp_path):
    assert measured(tmp_path, [({"policy_every": 5}, 1, 0.9, 99)]) is None


def test_a_context_that_lacks_a_sequence_has_no_mean_beside_the_papers(tmp_path):
    """Its parameters and its time do not depend on which sequences were run."""
    measured(tmp_path)
    store = Store(tmp_path, stamp=STAMP)
    one = Cell(harness="accuracy", method="gc", preset="paper", size="480x854", objects=1,
               dataset="davis2016", sequence="b", protocol="davis2016")  # fmt: skip
    store.append(one, [Row(1, 1, m, 0.8, "1") for m in "JF"])
    table = shown(tmp_path)
    assert texts(table)["Ours: J&F"] == ("70.0", "–")  # noqa: RUF001
    assert texts(table)["Our weights"] == ("untrained weights", "–")  # noqa: RUF001
    assert texts(table)["Ours: time"] == ("0.0500", "0.100")
    assert "Our J&F: 2 sequences;" in table.notes[1]
