"""A store that other processes claim, write, or are killed at writing."""

import signal
import subprocess
import sys
import time
import warnings

import pytest

from tests.results.test_store import STAMP, cell, rows
from vosbench.errors import DataError
from vosbench.results import Cell, DamagedRecordWarning, Store

CLAIMER = """
import sys, time
from vosbench.results import Store
with Store(sys.argv[1], stamp={}).claimed():
    print("mine", flush=True)
    time.sleep(60)
"""


def test_one_run_claims_a_store_until_its_process_ends(tmp_path):
    store = Store(tmp_path, stamp=STAMP)
    process = subprocess.Popen(
        [sys.executable, "-c", CLAIMER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "mine\n"
        with pytest.raises(DataError, match="in use by another run"), store.claimed():
            pass
        store.append(cell(), rows())  # the claim is on runs: anybody may append, and read
        assert store.has(cell())
    finally:
        process.kill()
        process.wait(timeout=30)
        process.stdout.close()
    with store.claimed():
        pass


def test_a_store_can_be_read_while_it_is_written(tmp_path):
    process = writer(tmp_path, "one", 300)
    seen = []
    store = Store(tmp_path)
    while process.poll() is None:
        seen.append(len(store.frame()))  # a half-written line would warn
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert seen == sorted(seen)
    assert all(count % 400 == 0 for count in seen)
    assert len(store.frame()) == 300 * 400


WRITER = """
import sys
from vosbench.results import Cell, Row, Store
store, name = Store(sys.argv[1], stamp={}), sys.argv[2]
for number in range(int(sys.argv[3])):
    many = [Row(1, t, "J", number, "1") for t in range(400)]
    store.append(Cell(harness="accuracy", method=name, seed=number), many)
    print(number, flush=True)
"""


def writer(folder, name, count):
    command = [sys.executable, "-c", WRITER, str(folder), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_that_append_at_once_lose_nothing(tmp_path):
    both = [writer(tmp_path, name, 40) for name in ("one", "two")]
    for process in both:
        process.communicate(timeout=60)
        assert process.returncode == 0
    frame = Store(tmp_path).frame()  # a damaged line would warn, and warnings are errors
    counts = frame.groupby("method", observed=True).seed.nunique()
    assert counts.to_dict() == {"one": 40, "two": 40}
    assert len(frame) == 2 * 40 * 400


def test_a_writer_killed_at_any_moment_loses_nothing_it_had_written(tmp_path):
    reported = []
    for name, pause in (("a", 0.0), ("b", 0.05), ("c", 0.11)):
        process = writer(tmp_path, name, 100_000)
        process.stdout.readline()
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        last = 0
        for line in process.stdout.read().splitlines():
            last = int(line)
        process.wait(timeout=30)
        process.stdout.close()
        reported += [Cell(harness="accuracy", method=name, seed=seed) for seed in range(last + 1)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DamagedRecordWarning)
        store = Store(tmp_path, stamp=STAMP)
        assert [one for one in reported if not store.has(one)] == []
        assert (store.frame().groupby(["method", "seed"], observed=True).size() == 400).all()
