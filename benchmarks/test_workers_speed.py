"""Two worker processes against one on accuracy cells, on a machine with two quiet cores.

    pytest benchmarks/test_workers_speed.py -s

Both have a thread for each worker. They take turns, and the ratio is of the fastest of each, since
what else runs on the machine only ever adds.
"""

import os
import time
from pathlib import Path

import pytest
import torch

from vosbench.data import load
from vosbench.harness.run import Local, plan
from vosbench.harness.settings import Settings
from vosbench.harness.subject import Entry

AT_LEAST = 1.7
ROUNDS = 3


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two cores")
def test_two_workers_are_nearly_twice_as_fast_as_one(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    data = load("synthetic:length=12")
    seconds: dict[int, list[float]] = {1: [], 2: []}
    pools = {n: prepared(n, tmp_path / str(n)) for n in seconds}
    try:
        for _ in range(ROUNDS):
            for count, pool in pools.items():
                jobs = accuracy(pool.settings, data)
                start = time.perf_counter()
                outcomes = list(pool.run(jobs, beside=True, tick=lambda: None))
                seconds[count].append(time.perf_counter() - start)
                assert all(isinstance(outcome.result, list) for outcome in outcomes)
    finally:
        for pool in pools.values():
            pool.__exit__()
    ratio = min(seconds[1]) / min(seconds[2])
    print(f"\n{len(jobs)} cells: {ratio:.2f} times as fast; seconds {seconds}")
    assert ratio >= AT_LEAST


def prepared(workers: int, store: Path) -> Local:
    """Workers that have their methods built."""
    settings = Settings(
        methods=("gc", "stm"), harnesses=("accuracy",), store=store, workers=workers,
        threads=workers,
    )  # fmt: skip
    pool = Local(settings)
    assert pool.refused(settings.methods) == {}
    return pool


def accuracy(settings, data):
    entries = [Entry.of(text, settings) for text in settings.methods]
    (stretch,) = plan(settings, entries, [data])
    return stretch.jobs
