"""kill -9 at random moments of a bench, and what is in the store when it has gone on to its end."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.killed import DATA, METHODS
from vosbench.data import load
from vosbench.results import Store
from vosbench.results.lines import decode

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(sys.platform != "linux", reason="orphans are looked for in /proc"),
]


def measured(store: Path) -> dict[str, object]:
    """Cell -> numbers; every line must be whole, of a measurement, and of a cell of its own."""
    records = [decode(line) for line in (store / "records.jsonl").read_bytes().splitlines()]
    assert [record.error for record in records] == [None] * len(records)
    found = {record.cell.identity(): record.rows for record in records}
    assert len(found) == len(records), "a cell was measured twice"
    return found


def pictures(store: Path) -> dict[str, bytes]:
    folders = (store / "predictions", store / "strips")
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(store)): path.read_bytes() for path in files}


@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=pytest.mark.slow)])
def test_a_bench_killed_at_random_moments_ends_with_the_records_of_an_unbroken_one(
    tmp_path: Path, kills: int
) -> None:
    command = [sys.executable, "-m", "tests.harness.killed", str(tmp_path), str(kills)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["kills"] == kills
    assert said["orphans"] == []
    unbroken = measured(tmp_path / "unbroken")
    assert len(unbroken) == len(METHODS) * len(load(DATA).videos)
    assert len(Store(tmp_path / "unbroken")) == len(unbroken)
    for number in range(said["stores"]):
        store = tmp_path / f"killed-{number}"
        assert measured(store) == unbroken
        assert pictures(store) == pictures(tmp_path / "unbroken")
