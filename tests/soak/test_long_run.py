"""Bench in a loop for VOSBENCH_SOAK_MINUTES (60 by default): `nox -s soak`.

See `judge` for what flat means.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak.judge import MIB, Round, faults, growth

ROOT = Path(__file__).parents[2]


@pytest.mark.soak
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc on this system")
def test_an_hour_of_bench_leaves_memory_flat_and_measures_the_same_each_round(
    tmp_path: Path,
) -> None:
    minutes = float(os.environ.get("VOSBENCH_SOAK_MINUTES", "60"))
    loop = [sys.executable, "-m", "tests.soak.rounds", str(minutes), str(tmp_path)]
    rounds: list[Round] = []
    said = 0.0
    with subprocess.Popen(loop, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            rounds.append(Round(**json.loads(line)))
            if rounds[-1].seconds >= said:
                print(_line(rounds[-1]), flush=True)
                said = rounds[-1].seconds + 60
    assert process.returncode == 0
    assert faults(rounds) == []
    grown, allowed = growth(rounds)
    print(f"{len(rounds)} rounds in {rounds[-1].seconds / 60:.1f} minutes, {rounds[0].records} J "
          f"and F in each, all equal; memory {grown / MIB:+.1f} MiB from the first to the last "
          f"quarter after the warm-up (flat: up to {allowed / MIB:.1f})")  # fmt: skip


def _line(found: Round) -> str:
    return (f"{found.seconds / 60:5.1f} min  round {found.number}  {found.rss / MIB:.0f} MiB  "
            f"{found.files} files  {found.threads} threads")  # fmt: skip
