"""Plugins that go wrong in every way cost their own cells and nothing else."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.harness import faults
from tests.harness.test_bench import Ticks, settings
from tests.interrupts import heed_ctrl_c
from vosbench.harness.run import bench
from vosbench.results import Store

pytestmark = pytest.mark.programs

TWO = "synthetic:length=4,size=48x64,scenario=drift+deform"


def installed(root: Path, patch: pytest.MonkeyPatch, *names: str) -> Path:
    """Installs faults, and has them note their processes in the file that is returned."""
    modules = {name: faults.module(name, faults.BODIES[name]) for name in names}
    faults.install(root / "site", patch, modules)
    patch.setenv("PIDS", str(root / "pids"))
    (root / "pids").touch()
    return root / "pids"


def processes(pids: Path) -> dict[str, set[int]]:
    """Method -> the processes that it ran in."""
    found: dict[str, set[int]] = {}
    for line in pids.read_text().splitlines():
        number, name = line.split()
        found.setdefault(name, set()).add(int(number))
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except OSError:
        return False


def errors(root: Path) -> dict[tuple[str, str], str]:
    failures = Store(root / "store").failures()
    return {(f.method, f.sequence): f.error for f in failures.itertuples()}


def test_a_worker_that_exits_or_runs_out_of_memory_costs_its_cells_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("exits", "hoards", "good", "sound")
    pids = installed(tmp_path, monkeypatch, *names)
    ticks = Ticks()
    given = settings(tmp_path, methods=names, data=(TWO,), workers=2, worker_memory=1.5)
    summary = bench(given, ticks)
    assert summary.measured == 4
    assert ticks.done == ticks.promised
    found = errors(tmp_path)
    assert set(found) == {(m, s) for m in ("exits", "hoards") for s in ("drift", "deform")}
    assert all("exited with status 7" in found["exits", s] for s in ("drift", "deform"))
    assert all(found["hoards", s].startswith("MemoryError") for s in ("drift", "deform"))
    assert len(summary.failed) == 4
    assert not any("\n" in line for line in summary.failed)
    where = processes(pids)
    assert where["good"].isdisjoint(where["sound"])  # each method in a process of its own
    assert [len(where[name]) for name in ("good", "sound")] == [1, 1]  # which serves both cells
    assert os.getpid() not in where["good"] | where["sound"]
    assert not [pid for pid in where["good"] | where["sound"] if alive(pid)]
    assert multiprocessing.active_children() == []


def test_a_method_that_hangs_is_stopped_at_the_time_limit_and_shows_where_it_hung(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = installed(tmp_path, monkeypatch, "stuck")
    summary = bench(settings(tmp_path, methods=("stuck",), time_limit=8.0), Ticks())
    (line,) = summary.failed
    assert "time limit: 8 s were over before its cell was measured" in line
    (failure,) = Store(tmp_path / "store").failures().itertuples()
    assert "faults/stuck.py" in failure.traceback
    (pid,) = processes(pids)["stuck"]
    assert not alive(pid)


def test_ctrl_c_stops_the_workers_at_once_and_loses_nothing_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = installed(tmp_path, monkeypatch, "good", "stuck")
    command = [sys.executable, "-m", "vosbench", "bench", "--methods", "good,stuck"]
    command += ["--data", "synthetic:length=4,size=48x64,scenario=drift", "--harness", "accuracy"]
    command += ["--weights", "none", "--size", "48"]
    command += ["--store", str(tmp_path / "store"), "--out", str(tmp_path / "out")]
    path = os.pathsep.join([str(tmp_path / "site"), os.getcwd()])
    process = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=heed_ctrl_c,
    )  # fmt: skip
    stored = tmp_path / "store" / "records.jsonl"
    while "stuck" not in processes(pids) or not stored.exists() or not stored.stat().st_size:
        time.sleep(0.1)
        assert process.poll() is None, process.stderr.read()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal sends it: to the whole group
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith("stopped: what was measured is in the store")
    assert "Traceback" not in said
    assert not [pid for found in processes(pids).values() for pid in found if alive(pid)]
    assert [c.method for c in Store(tmp_path / "store").cells()] == ["good"]


REASONS = {
    "raises": "RuntimeError: this memory forgot everything",
    "nan": "not finite at frame 1",
    "narrow": "read returned (2, 127, 3, 4); expected (2, 128, 3, 4)",
    "exits": "exited with status 7",
    "leaves": "SystemExit: 0",
    "hangs": "time limit: 20 s",
    "spins": "time limit: 20 s",
    "crashes": "was ended by SIGSEGV",
    "hoards": "MemoryError",
    "inflates": "allocate memory",
    "killed": "was ended by SIGKILL, as the system does when memory runs out",
}
IN_CODE = set(REASONS) - {"nan", "narrow", "exits", "killed"}  # whose traceback names the module


@pytest.mark.slow
def test_every_fault_is_told_from_every_other_and_a_sound_method_is_measured_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, monkeypatch, *REASONS, "good")
    given = settings(
        tmp_path, methods=(*REASONS, "good"), time_limit=20.0, worker_memory=2.0, workers=2
    )
    assert bench(given, Ticks()).measured == 1
    found = {method: error for (method, _), error in errors(tmp_path).items()}
    assert set(found) == set(REASONS)
    for method, reason in REASONS.items():
        assert reason in found[method], method
    for failure in Store(tmp_path / "store").failures().itertuples():
        if failure.method in IN_CODE:
            assert f"faults/{failure.method}.py" in failure.traceback, failure.method


SCRIPT = """
from pathlib import Path
from vosbench.harness.run import bench
from vosbench.harness.settings import Settings

class Silent:
    def begin(self, title, steps): ...
    def tick(self): ...

print(bench(Settings(
    methods=("gc",), data=("synthetic:length=3,size=48x64,scenario=drift",), short_side=48,
    harnesses=("accuracy",), weights="none", store=Path("store"),
), Silent()))
"""


@pytest.mark.slow
def test_a_script_needs_no_guard_around_a_bench(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert done.stdout.strip() == "Summary(measured=1, present=0, failed=[])"
