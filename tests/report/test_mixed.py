"""Numbers of two clips of one name, or of two versions of the code, are warned of on top."""

import re

import pytest

from tests.report.fabricated import STAMP, fabricate
from vosbench.report.evidence import load
from vosbench.report.page import render
from vosbench.report.sections import build


def add(folder, method, *, data="unknown", source="unknown", sequences=3, **more):
    stamp = STAMP | {"data": data, "source": source}
    few = {"harnesses": ("accuracy",), "frames": 5} | more
    return fabricate(folder, (method,), sequences=sequences, stamp=stamp, **few)


def warned(folder):
    return build(load(folder), folder / "strips").warnings


def test_two_methods_on_two_clips_of_one_name_are_said_not_to_compare(tmp_path):
    add(tmp_path, "gc", data="a" * 12)
    add(tmp_path, "stm", data="a" * 12)
    add(tmp_path, "stm", data="b" * 12, sequences=1)
    wanted = (
        "accuracy on davis2016 (preset mini, size 480x854): not every run saw the same frames and "
        "masks of seq00, so they do not compare; bench them again on one copy of the data."
    )
    assert warned(tmp_path) == [wanted]
    page = render(tmp_path, tmp_path / "out").read_text("utf-8")
    assert re.findall('class="warning" role="note">(.*?)</p>', page) == [wanted]


def test_a_method_whose_sequences_two_versions_of_its_code_measured_is_named(tmp_path):
    add(tmp_path, "gc", source="a" * 12)
    add(tmp_path, "stm", source="b" * 12)
    add(tmp_path, "stm", source="c" * 12, sequences=1)
    assert warned(tmp_path) == [
        "accuracy on davis2016 (preset mini, size 480x854): some sequences of stm were measured by "
        "another version of the code than the others; bench them again."
    ]


def test_times_of_two_clips_of_one_name_are_warned_of_too(tmp_path):
    add(tmp_path, "gc", data="a" * 12, harnesses=("speed",))
    add(tmp_path, "stm", data="b" * 12, harnesses=("speed",))
    (warning,) = warned(tmp_path)
    assert warning.startswith("speed on davis2016 (preset mini, size 480x854): not every run saw")


@pytest.mark.parametrize("other", [
    {"source": "b" * 12},  # its weights are others: another run
    {"data": "b" * 12, "preset": "paper"},  # another setting
    {"data": "unknown", "source": "unknown"},  # an older store
])  # fmt: skip
def test_other_runs_other_settings_and_older_stores_mix_nothing(tmp_path, other):
    both = {"data": "a" * 12, "source": "a" * 12}
    add(tmp_path, "gc", **both)
    add(tmp_path, "gc", **both | other, sequences=2, weights="fedcba987654")
    add(tmp_path, "stm", data="a" * 12, source="d" * 12)
    assert warned(tmp_path) == []


def test_costs_of_an_older_code_than_the_accuracy_beside_them_are_warned_of(tmp_path):
    every = {"harnesses": ("accuracy", "flops", "growth")}
    add(tmp_path, "gc", source="a" * 12, **every)
    add(tmp_path, "stm", source="b" * 12, **every)
    assert warned(tmp_path) == []
    add(tmp_path, "stm", source="c" * 12)
    assert warned(tmp_path) == [
        "Costs of stm were measured by another version of the code than the accuracy beside them; "
        "bench them again."
    ]
