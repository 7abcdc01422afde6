"""Bit for bit the numbers of davis2017-evaluation, from memory and from files."""

import json

import pytest

from tests.shared import SHARED, needs_shared
from vosbench.harness.score_folders import score_folders
from vosbench.harness.score_output import to_json
from vosbench.metrics import summarise

JF = SHARED / "reference" / "jf"
FIXTURES = [
    ("synthetic", "davis2017", JF / "synthetic" / "gt", JF / "synthetic" / "pred"),
    (
        "osvos_as_union",
        "davis2016",
        SHARED / "data" / "davis2016" / "Annotations" / "480p",
        JF / "osvos" / "pred",
    ),
]


@needs_shared
@pytest.mark.parametrize(("key", "protocol", "gt", "pred"), FIXTURES)
def test_every_frame_and_statistic_is_bit_identical_to_the_official_code(key, protocol, gt, pred):
    official = json.loads((JF / "official.json").read_text())[key]
    score = score_folders(gt, pred, protocol, workers=2)
    assert score.sequences.keys() == official.keys()
    for name, objects in official.items():
        found = score.sequences[name].objects
        assert [str(i) for i in found] == list(objects)
        for i, expected in objects.items():
            curves = found[int(i)]
            assert curves.J.tolist() == expected["J"], (name, i)
            assert curves.F.tolist() == expected["F"], (name, i)
            assert list(summarise(curves.J)) == expected["J_stat"]
            assert list(summarise(curves.F)) == expected["F_stat"]


@needs_shared
def test_json_carries_every_digit_of_the_official_numbers():
    key, protocol, gt, pred = FIXTURES[0]
    official = json.loads((JF / "official.json").read_text())[key]["blob-02"]["3"]
    found = json.loads(to_json(score_folders(gt, pred, protocol)))["sequences"]["blob-02"]["3"]
    assert found["J"]["frames"] == official["J"]
    assert [found["F"][k] for k in ("mean", "recall", "decay")] == official["F_stat"]
