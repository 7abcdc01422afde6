"""The control of a comparison: `none` on the weights of each method of a run."""

from pathlib import Path

import pytest

from vosbench.harness.control import controls
from vosbench.harness.settings import Settings
from vosbench.model import weights


@pytest.fixture(autouse=True)
def shipped(monkeypatch):
    """Weights of gc, stm and none are there for every preset."""
    there = {"gc", "stm", "none"}
    found = lambda method, preset: Path("there") if method in there else None  # noqa: E731
    monkeypatch.setattr(weights, "shipped", found)


def test_each_method_with_shipped_weights_has_one_run_of_none_for_its_accuracy_alone():
    found = controls(Settings(methods=("gc", "kmn", "stm", "none")))
    assert [(run.methods, run.weights) for run in found] == [(("none",), "gc"), (("none",), "stm")]
    assert {run.harnesses for run in found} == {("accuracy",)}


@pytest.mark.parametrize("changed", [{"harnesses": ("flops",)}, {"weights": "none"}])
def test_without_accuracy_or_shipped_weights_there_is_nothing_to_control(changed):
    assert controls(Settings(methods=("gc", "stm"), **changed)) == []
