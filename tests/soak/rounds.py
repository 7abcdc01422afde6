"""`python -m tests.soak.rounds MINUTES FOLDER`: bench in a loop, one JSON line a round.

One set of worker processes serves every round, as it would serve the cells of one long bench. Every
tenth round is measured a second time by processes of its own, which come and go. The time counts
from the first round's end on; a slow machine measures ENOUGH rounds all the same.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tests.harness.small import Ticks
from tests.soak.judge import ENOUGH, Round, steady
from vosbench.harness.run import Local, bench
from vosbench.harness.run.executor import Refusal
from vosbench.harness.settings import Settings
from vosbench.results import Store

DATA = "synthetic:length=6,size=64x96,scenario=drift+crowd"


class Kept:
    """A Local that outlives a bench, with its warm workers."""

    def __init__(self, local: Local) -> None:
        self._local = local
        self._built = False

    def __call__(self, settings: Settings) -> AbstractContextManager[Any]:
        assert settings == self._local.settings
        return nullcontext(self)

    def refused(self, methods: Sequence[str]) -> dict[str, Refusal]:
        if self._built:  # asking again would build second workers
            return {}
        self._built = True
        return self._local.refused(methods)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._local, name)


def settings(store: Path) -> Settings:
    return Settings(
        methods=("gc", "stm"), data=(DATA,), harnesses=("accuracy",), short_side=64,
        store=store, workers=2, threads=2,
    )  # fmt: skip


def digest(store: Path) -> tuple[str, int]:
    """Every J and F, to the last bit, in one order, and their number."""
    frame = Store(store).frame()
    frame = frame[(frame.harness == "accuracy") & frame.metric.isin(["J", "F"])]
    rows = sorted(
        (r.method, r.sequence, str(r.metric), int(r.t), int(r.object), float(r.value).hex())
        for r in frame.itertuples()
    )
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest(), len(rows)


def tree(root: int) -> list[int]:
    """A process and all that come from it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                stat = (entry / "stat").read_text()
            except OSError:  # it has just ended
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    found = [root]
    for process in found:
        found.extend(child for child, parent in parents.items() if parent == process)
    return found


def at_rest(number: int, since: float, store: Path) -> Round:
    text, records = digest(store)
    gc.collect()
    processes = tree(os.getpid())
    status = [Path(f"/proc/{p}/status").read_text() for p in processes]
    value = {
        name: sum(int(text.partition(f"{name}:")[2].split()[0]) for text in status)
        for name in ("VmRSS", "Threads")
    }
    files = sum(len(os.listdir(f"/proc/{p}/fd")) for p in processes)
    return Round(
        number, time.monotonic() - since, 1024 * value["VmRSS"], files, value["Threads"],
        len(processes), text, records,
    )  # fmt: skip


def measure(chosen: Settings, **executor: Any) -> None:
    shutil.rmtree(chosen.store, ignore_errors=True)
    summary = bench(chosen, Ticks(), **executor)
    assert not summary.failed, summary.failed


def main(minutes: float, folder: Path) -> None:
    since = time.monotonic()
    chosen = settings(folder / "store")
    rounds: list[Round] = []
    with Local(chosen) as local:
        kept = Kept(local)
        while not enough(rounds, minutes):
            measure(chosen, executor=kept)
            rounds.append(at_rest(len(rounds), since, chosen.store))
            print(json.dumps(asdict(rounds[-1])), flush=True)
            if len(rounds) % 10 == 1:
                fresh = replace(chosen, store=folder / "fresh")
                measure(fresh)
                assert digest(fresh.store) == (rounds[0].digest, rounds[0].records)


def enough(rounds: Sequence[Round], minutes: float) -> bool:
    """The time is over, counted from the first round's end, and there is something to judge."""
    if len(steady(rounds)) < ENOUGH:
        return False
    return rounds[-1].seconds - rounds[0].seconds >= 60 * minutes


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]))
