"""What figures and the headline may claim."""

from tests.report.fabricated import CLOCK, DIGEST, STAMP, fabricate
from vosbench.report.costs import Beside, all_costs
from vosbench.report.evidence import load
from vosbench.report.figures.accuracy import READABLE, heat_map
from vosbench.report.figures.base import WIDTH
from vosbench.report.headline import cost_sentences
from vosbench.report.paper import published_points
from vosbench.report.scores import all_scores
from vosbench.results import Cell, Row, Store


def test_published_points_stand_behind_the_data_they_were_measured_on_alone(tmp_path):
    for dataset, drawn in (("davis2016", True), ("synthetic", False)):
        fabricate(tmp_path / dataset, dataset=dataset, sequences=1, frames=4,
                  harnesses=("accuracy", "speed"))  # fmt: skip
        evidence = load(tmp_path / dataset)
        accuracy, speed = all_scores(evidence)[0].setting, all_costs(evidence, "speed")[0].setting
        points, note = published_points(accuracy, 1, speed)
        assert bool(points) == drawn
        assert "DAVIS 2016" in note
        assert ("data (1 of 20 sequences)" in note) == drawn


def test_a_map_of_many_methods_keeps_its_digits_at_a_readable_size(tmp_path):
    fabricate(tmp_path, [f"m{i:02}" for i in range(21)], sequences=2, frames=4,
              harnesses=("accuracy",))  # fmt: skip
    figure = heat_map(all_scores(load(tmp_path))[0], "map")
    drawn_at = 6  # points of a digit, in a figure of WIDTH inches
    assert round(drawn_at * figure.readable / (72 * WIDTH)) == READABLE
    assert figure.readable > 400  # a phone: it scrolls sideways there


def test_a_difference_in_speed_that_is_noise_is_called_so(tmp_path):
    for folder, high, noise in (("clear", 1.5, False), ("noisy", 2.2, True)):
        store = Store(tmp_path / folder, stamp=STAMP)
        for method, fps in (("gc", 18.0), ("stm", 9.0)):
            ratio = {"": 2.0, "_low": 0.9 if noise else 1.4, "_high": high}
            rows = [Row(None, None, f"frame_seconds_ratio{end} gc", x, "1")
                    for end, x in ratio.items() if method == "stm"]  # fmt: skip
            cell = Cell(harness="speed", method=method, dataset="davis2016", weights=DIGEST,
                        protocol=CLOCK)  # fmt: skip
            store.append(cell, [Row(None, None, "fps", fps, "1/s"), *rows])
        beside = Beside(None, None, all_costs(load(tmp_path / folder), "speed")[0])
        (said,) = [s for s in cost_sentences(beside) if s.startswith("Speed is")]
        assert said.endswith("(stm): not clear of noise.") == noise
