"""Details of workers that need no whole run: messages, limits, and who gets the next job."""

from __future__ import annotations

import errno
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vosbench.data import load
from vosbench.errors import DataError, PluginError, UsageError
from vosbench.harness import guard
from vosbench.harness.run import Job, Local, plan, worker
from vosbench.harness.run.worker import failed
from vosbench.harness.settings import Settings
from vosbench.harness.subject import Entry

DATA = "synthetic:length=3,size=48x64,scenario=drift+deform+occlusion"


@pytest.fixture
def jobs() -> list[Job]:
    settings = Settings(methods=("gc", "stm"), harnesses=("accuracy",), weights="none")
    entries = [Entry.of(text, settings) for text in settings.methods]
    return list(plan(settings, entries, [load(DATA)])[0].jobs)


class Seat:
    """A worker that only has a method."""

    def __init__(self, method: str) -> None:
        self.method = method


@pytest.mark.parametrize(
    ("idle", "busy", "left", "expected"),
    [
        ([], [], "gc gc stm stm", "gc"),  # in the plan's order
        (["stm"], [], "gc gc stm stm", "stm"),  # a warm worker first
        (["gc", "stm"], [], "gc gc stm stm", "gc"),
        ([], ["gc"], "gc gc stm stm", "stm"),  # then a method that nobody is at
        ([], ["gc", "stm"], "gc stm stm", "stm"),  # then one with more than one job waiting
        ([], ["gc", "stm"], "gc stm", None),  # a start costs more than the wait for one job
    ],
)
def test_a_free_place_takes_the_job_that_costs_the_fewest_starts(
    jobs: list[Job], idle: list[str], busy: list[str], left: str, expected: str | None
) -> None:
    local = Local(Settings(methods=("gc", "stm")))
    local._idle = [Seat(m) for m in idle]  # type: ignore[misc]
    local._busy = {Seat(m): None for m in busy}  # type: ignore[misc]
    waiting = [replace(jobs[0], method=method) for method in left.split()]
    found = local._next(waiting)
    assert (found and found.method) == expected


def test_turns_of_a_method_with_two_warm_workers_are_all_taken_by_one_of_them() -> None:
    settings = Settings(methods=("gc",), harnesses=("speed",), weights="none")
    data = "synthetic:length=3,size=48x64,scenario=drift"
    (job,) = plan(settings, [Entry.of("gc", settings)], [load(data)])[0].jobs
    with Local(settings) as local:
        two = [local._start("gc") for _ in range(2)]
        while local._busy:
            local._free(local._listen()[0])
        assert set(two) == set(local._idle)
        player = local.player(job)
        turns = [player.turn() for _ in range(4)]
    assert [(turn.round, turn.place) for turn in turns] == [(0, 0), (0, 1), (0, 2), (0, 3)]


def test_workers_share_the_threads_and_by_default_there_is_one_for_each() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert Local(Settings(methods=())).workers == 2
        assert Local(Settings(methods=(), threads=1)).workers == 1
        assert Local(Settings(methods=(), workers=3)).workers == 3
        assert Local(Settings(methods=(), device="cuda")).workers == 1
    finally:
        torch.set_num_threads(before)


def test_an_error_says_what_follows_from_it() -> None:
    assert failed(UsageError("no such thing")).mistake is not None
    assert failed(PluginError("bad plugin")).mistake is None
    assert failed(MemoryError()).spoiled
    assert failed(torch.OutOfMemoryError("CUDA out of memory")).spoiled
    assert not failed(ValueError("x")).spoiled
    assert failed(OSError(errno.ENOSPC, "No space left on device")).fatal
    assert not failed(OSError(errno.ENOENT, "No such file")).fatal
    full = DataError("x.png: cannot write the mask")
    full.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert failed(full).fatal


class TornError(DataError):
    """A plugin's own exception, of a kind of ours: it cannot be made from its text alone."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")


def test_an_error_of_a_plugin_s_own_kind_comes_through_the_pipe_and_ends_no_run() -> None:
    told = pickle.loads(pickle.dumps(failed(TornError("keys", "no table"))))
    assert told.failure.error == "TornError: keys: no table"
    assert told.mistake is None
    cause = DataError("x.png: cannot be read")
    cause.open = lambda: None  # type: ignore[attr-defined]  # which no pipe takes
    told = pickle.loads(pickle.dumps(failed(cause)))
    assert (type(told.mistake), str(told.mistake)) == (DataError, "x.png: cannot be read")


def test_a_traceback_of_any_length_is_kept_to_its_end() -> None:
    def deep(n: int) -> None:
        if n == 0:
            raise ValueError("y" * 50_000)
        deep(n - 1)

    with pytest.raises(ValueError, match="yyy") as caught:
        deep(3)
    failure = failed(caught.value).failure
    assert len(failure.error) < 400
    assert len(failure.traceback) < 21_000
    assert failure.traceback.endswith("y\n")
    assert "characters left out" in failure.traceback


def test_the_stamp_names_the_accelerator_that_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"Tesla P40 at {device}")
    assert worker._accelerator("cuda:1") == "Tesla P40 at cuda:1"
    assert worker._accelerator("cpu") == ""


def test_a_guard_imports_nothing_heavy() -> None:
    code = "import sys, vosbench.harness.guard; print({'torch', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on memory")
def test_a_process_with_a_limit_fails_to_allocate_and_lives() -> None:
    code = (
        "from vosbench.harness.guard import limit_memory\n"
        "limit_memory(0.25)\n"
        "small = bytearray(1 << 26)\n"
        "try: bytearray(1 << 29)\n"
        "except MemoryError: print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "refused"


def test_a_container_s_limit_counts_where_it_is_lower(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "/proc/meminfo": "MemTotal: 9 kB\nMemAvailable:   8388608 kB\n",
        "/sys/fs/cgroup/memory.max": str(3 << 30),
        "/sys/fs/cgroup/memory.current": str(1 << 30),
    }

    def read_text(self: Path, *_: object, **__: object) -> str:
        if str(self) not in files:
            raise FileNotFoundError(self)
        return files[str(self)]

    monkeypatch.setattr(Path, "read_text", read_text)
    assert guard.available_memory() == 2.0
    files["/sys/fs/cgroup/memory.stat"] = (
        f"anon 9\nfile 7\nactive_file 0\ninactive_file {1 << 29}\n"
    )
    assert guard.available_memory() == 2.5  # files that were read are given back
    files["/sys/fs/cgroup/memory.max"] = "max\n"
    assert guard.available_memory() == 8.0
    files.clear()
    assert guard.available_memory() == 4.0
