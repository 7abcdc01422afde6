"""The control of a comparison: `none` on the weights of each method of a run."""

from pathlib import Path

import pytest

from vosbench.data import load
from vosbench.harness.control import controls
from vosbench.harness.run import plan
from vosbench.harness.settings import Settings
from vosbench.harness.subject import Entry
from vosbench.model import weights


@pytest.fixture(autouse=True)
def shipped(monkeypatch):
    """Weights of gc, stm and none are there for every preset."""
    there = {"gc", "stm", "none"}
    found = lambda method, preset: Path("there") if method in there else None  # noqa: E731
    monkeypatch.setattr(weights, "shipped", found)


def test_the_progress_of_each_control_names_the_weights_it_runs_on():
    data = [load("synthetic:length=3,size=48x64,scenario=drift")]
    entry = Entry("none", {}, "untrained", Settings(methods=("none",)), "none")
    runs = controls(Settings(methods=("gc", "stm")))
    titles = [stretch.title for run in runs for stretch in plan(run, [entry], data)]
    assert titles == [f"{data[0].name}: accuracy of none, weights {name}" for name in ("gc", "stm")]
    (whole,) = plan(Settings(methods=("none",), harnesses=("accuracy",)), [entry], data)
    assert whole.title == f"{data[0].name}: accuracy"


def test_each_method_with_shipped_weights_has_one_run_of_none_for_its_accuracy_alone():
    found = controls(Settings(methods=("gc", "kmn", "stm", "none")))
    assert [(run.methods, run.weights) for run in found] == [(("none",), "gc"), (("none",), "stm")]
    assert {run.harnesses for run in found} == {("accuracy",)}


@pytest.mark.parametrize("changed", [{"harnesses": ("flops",)}, {"weights": "none"}])
def test_without_accuracy_or_shipped_weights_there_is_nothing_to_control(changed):
    assert controls(Settings(methods=("gc", "stm"), **changed)) == []
