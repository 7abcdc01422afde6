"""The comparison of two saved runs of the benchmarks."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "benchmarks" / "compare.py"
if not SCRIPT.is_file():
    pytest.skip("benchmarks are not part of this installation", allow_module_level=True)

Stats = tuple[float, float, int]  # median, quartile range, rounds


def save(folder: Path, number: int, timed: dict[str, Stats], cpu: str = "one", **more: int) -> None:
    """A file as pytest-benchmark writes it, as far as it is read."""
    path = folder / "Linux-64bit" / f"{number:04}_run.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({
        "machine_info": {"cpu": {"brand_raw": cpu, "count": 2}, "python_version": "3.11"},
        "datetime": f"2025-01-{number:02}T00:00:00",
        "benchmarks": [
            {"fullname": name, "stats": {"median": m, "iqr": q, "rounds": n}}
            for name, (m, q, n) in timed.items()
        ],
        **more,
    }))  # fmt: skip


def said(folder: Path) -> list[str]:
    command = [sys.executable, str(SCRIPT), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_no_run_and_no_earlier_run_are_said(tmp_path: Path) -> None:
    assert said(tmp_path) == ["no saved run: nothing to compare"]
    save(tmp_path, 1, {"a": (1.0, 0.01, 9)})
    assert said(tmp_path) == ["0001_run: no earlier run on this machine in which no test failed"]


def test_what_got_slower_by_more_than_its_noise_is_named(tmp_path: Path) -> None:
    before = {"steady": (1.0, 0.01, 9), "noisy": (1.0, 0.6, 9), "rare": (1.0, 0.0, 2)}
    save(tmp_path, 1, before)
    save(tmp_path, 2, {name: (1.2, q, n) for name, (_, q, n) in before.items()})
    named, summary = said(tmp_path)
    assert named == "SLOWER steady: 1 s in 0001_run, 1.2 s now: +20%, noise 5%"
    assert summary == (
        "0002_run: 3 benchmarks compared, 1 slower by more than their noise, "
        "0 never run before on this machine"
    )
    save(tmp_path, 3, {name: (1.55, q, n) for name, (_, q, n) in before.items()})
    assert [line.split(":")[0] for line in said(tmp_path)[:-1]] == [
        "SLOWER rare", "SLOWER steady",
    ]  # fmt: skip


def test_faster_and_equal_are_not_named(tmp_path: Path) -> None:
    save(tmp_path, 1, {"a": (1.0, 0.01, 9), "b": (1.0, 0.01, 9)})
    save(tmp_path, 2, {"a": (0.5, 0.01, 9), "b": (1.04, 0.01, 9)})
    assert len(said(tmp_path)) == 1


def test_a_benchmark_is_compared_with_the_last_run_that_has_it(tmp_path: Path) -> None:
    save(tmp_path, 1, {"a": (1.0, 0.01, 9)})
    save(tmp_path, 2, {"b": (1.0, 0.01, 9)})
    save(tmp_path, 3, {"a": (2.0, 0.01, 9), "c": (1.0, 0.01, 9)})
    named, summary = said(tmp_path)
    assert "1 s in 0001_run, 2 s now" in named
    assert summary.endswith("1 never run before on this machine")


def test_runs_on_another_machine_are_not_compared(tmp_path: Path) -> None:
    save(tmp_path, 1, {"a": (1.0, 0.01, 9)}, cpu="fast")
    save(tmp_path, 2, {"a": (9.0, 0.01, 9)}, cpu="slow")
    assert said(tmp_path) == ["0002_run: no earlier run on this machine in which no test failed"]


def test_a_run_in_which_a_test_failed_is_compared_and_then_no_baseline(tmp_path: Path) -> None:
    save(tmp_path, 1, {"a": (1.0, 0.01, 9)})
    save(tmp_path, 2, {"a": (3.0, 0.01, 9)}, failed=1)
    named, failed, _ = said(tmp_path)
    assert "1 s in 0001_run, 3 s now" in named
    assert failed == "0002_run: failed tests: 1; it will be no baseline"
    save(tmp_path, 3, {"a": (3.0, 0.01, 9)})
    assert "1 s in 0001_run, 3 s now" in said(tmp_path)[0]


def test_drift_in_steps_within_the_noise_is_named_against_the_oldest_of_several(
    tmp_path: Path,
) -> None:
    for number in range(14):
        save(tmp_path, number + 1, {"a": (1.045**number, 0.01, 9)})
        if number == 1:
            assert len(said(tmp_path)) == 1
        elif number:
            named, _ = said(tmp_path)
            oldest = max(0, number - 10)
            assert f" s in {oldest + 1:04}_run, " in named
            assert f": {1.045 ** (number - oldest) - 1:+.0%}, noise 5%" in named


@pytest.mark.parametrize("text", ["", "[]", '{"machine_info": 3}', "{"])
def test_a_damaged_file_is_named_and_left_out(tmp_path: Path, text: str) -> None:
    save(tmp_path, 1, {"a": (1.0, 0.01, 9)})
    save(tmp_path, 2, {"a": (2.0, 0.01, 9)})
    (tmp_path / "Linux-64bit" / "0003_run.json").write_text(text)
    damaged, named, _ = said(tmp_path)
    assert "0003_run.json is no saved run" in damaged
    assert named.startswith("SLOWER a")


def benchmarked(folder: Path, seconds: float, test: str) -> Path:
    """Runs `test` under pytest-benchmark, by a clock that moves by so much whenever it is read."""
    (folder / "clock.py").write_text(
        f"now = 0\ndef tick():\n    global now\n    now += {seconds}\n    return now\n"
    )
    (folder / "test_it.py").write_text(test)
    shutil.copy(ROOT / "benchmarks" / "conftest.py", folder)
    storage = folder / "saved"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "test_it.py", "--benchmark-autosave",
         "--benchmark-timer=clock.tick", f"--benchmark-storage={storage}",
         "-p", "no:cacheprovider"],
        cwd=folder, check=False, capture_output=True,
    )  # fmt: skip
    return storage


@pytest.mark.programs
def test_it_reads_what_pytest_benchmark_saves_and_whether_the_test_failed(tmp_path: Path) -> None:
    test = "def test_it(benchmark):\n    benchmark.pedantic(int, rounds=6)\n"
    benchmarked(tmp_path, 0.25, test)
    storage = benchmarked(tmp_path, 0.5, f"{test}    assert benchmark.stats['median'] < 0.3\n")
    named, failed, _ = said(storage)
    assert named.startswith("SLOWER test_it.py::test_it: 0.25 s in 0001")
    assert named.endswith("0.5 s now: +100%, noise 5%")
    assert failed.endswith("failed tests: 1; it will be no baseline")
    benchmarked(tmp_path, 0.25, test)
    assert len(said(storage)) == 1
