"""What one video leaves in the process is found beside a process in which none came before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import faults
from vosbench.harness.contract import Finding, check, check_apart

BODY = "{kept}.append(state.value.mean()); return state.value - {kept}[0], state"
KEPT = {"of_the_module": "MEANS", "of_the_class": "self.means"}  # the first mean ever seen counts


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    modules = {name: faults.module(name, BODY.format(kept=kept)) for name, kept in KEPT.items()}
    modules = {
        name: text.replace(
            "class Base(Memory):", "MEANS = []\n\n\nclass Base(Memory):\n    means = []"
        )
        for name, text in modules.items()
    }
    modules["sound"] = faults.module("sound", "return state.value - state.value.mean(), state")
    return faults.install(tmp_path, monkeypatch, modules)


def reset(method: str) -> Finding:
    return next(found for found in check_apart(method, {}, 120) if found.clause == "reset")


@pytest.mark.programs
@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("method", list(KEPT))
def test_what_a_module_or_a_class_keeps_of_the_first_video_breaks_reset(method: str) -> None:
    (alone,) = check(method, clauses=["reset"])
    assert alone.status == "holds"  # here, both modules see the same mean
    found = reset(method)
    assert found.status == "broken"
    assert "expected the readout of a video before which came none; got one 0." in found.detail
    assert "keep nothing on `self`, its class or the module" in found.detail


@pytest.mark.programs
@pytest.mark.usefixtures("package")
def test_a_module_that_keeps_nothing_holds_reset_beside_a_process_of_its_own() -> None:
    assert reset("sound").status == "holds"
