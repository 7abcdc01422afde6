"""Two ways to do one thing, timed in turn: what the machine does meanwhile then meets both.

CPU time beside wall time: with one thread it does not depend on what else the machine does.
"""

import time
from statistics import median
from typing import NamedTuple

import torch


class Seconds(NamedTuple):
    wall: float
    cpu: float  # of all threads


def seconds(work):
    start = time.perf_counter(), time.process_time()
    work()
    return Seconds(time.perf_counter() - start[0], time.process_time() - start[1])


def in_turn(slow, fast, rounds):
    """Seconds of both per round: [(slow, fast), ...]; each is warmed up first."""
    slow()
    fast()
    return [(seconds(slow), seconds(fast)) for _ in range(rounds)]


def ratio(pairs, clock=None):
    """The median over the rounds of how many times the second is as fast as the first.

    By CPU time with one thread, by wall time with several, unless `clock` says otherwise.
    """
    clock = clock or ("cpu" if torch.get_num_threads() == 1 else "wall")
    return median(getattr(a, clock) / getattr(b, clock) for a, b in pairs)


def report(benchmark, capsys, name, pairs):
    """Into the benchmark's record and onto the screen."""
    said = []
    for clock in Seconds._fields:
        slow, fast = (median(getattr(x, clock) for x in xs) for xs in zip(*pairs, strict=True))
        benchmark.extra_info[f"{name}_{clock}"] = round(ratio(pairs, clock), 3)
        said.append(f"{ratio(pairs, clock):.2f} {clock} ({slow:.4g} s and {fast:.4g} s)")
    with capsys.disabled():
        print(f"\n  {name}: {', '.join(said)}; medians of {len(pairs)} rounds in turn, ", end="")
        print(f"{torch.get_num_threads()} thread(s)")


def record(benchmark, work, rounds):
    """Times `work` under the benchmark's name, to be compared with the last run."""
    benchmark.pedantic(work, rounds=rounds, iterations=1, warmup_rounds=1)
