"""`vosbench check` as a program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness import faults
from vosbench.registry import PluginWarning


@pytest.mark.programs
def test_a_plugin_that_is_left_out_is_named_once_for_all_methods_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.warns(PluginWarning):  # in this process
        faults.install(tmp_path, monkeypatch, {"lacking": "import no_such_library_anywhere"})
    done = subprocess.run(
        [sys.executable, "-m", "vosbench", "check", "none", "previous:nosuch=1"], text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), os.getcwd()))},
        capture_output=True,
    )  # fmt: skip
    warning, error = done.stderr.splitlines()
    assert warning.startswith("warning: plugin faults.lacking is left out: ModuleNotFoundError")
    assert error.startswith("error: unknown parameter of previous 'nosuch'")


@pytest.mark.programs
def test_clauses_that_one_fault_leaves_unjudged_share_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults.install(
        tmp_path, monkeypatch, {"narrow": faults.module("narrow", faults.BODIES["narrow"])}
    )
    done = subprocess.run(
        [sys.executable, "-m", "vosbench", "check", "narrow"], text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), os.getcwd()))},
        capture_output=True,
    )  # fmt: skip
    broken, skipped = done.stdout.splitlines()
    assert done.returncode == 1
    assert broken.startswith("broken  narrow  shapes: expected a readout of shape (3, 12, 3, 4)")
    assert skipped.startswith("skipped narrow  determinism, facts, purity, ")
    assert skipped.endswith("onnx: shapes has to hold first")
