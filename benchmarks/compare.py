"""The newest saved run of the benchmarks against earlier ones; names what got slower.

    python benchmarks/compare.py [FOLDER]      (FOLDER: .benchmarks, where pytest-benchmark saves)

A benchmark is compared with two earlier runs that have it, on the same processor and Python: the
last one, and the oldest of the last SEVERAL, which shows drift in steps that are each within the
noise. A run in which a test failed is no baseline (`conftest.py` notes it in the file). The noise
of a comparison is its own: the larger quartile range of both runs over the median, never below 5 %,
and 25 % where so few rounds were timed that quartiles say nothing.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

SEVERAL = 10  # runs that a benchmark is looked back over
LEAST = 0.05  # of the median: repeated runs of one build differ by this
FEW, WIDE = 5, 0.25  # fewer rounds than FEW have a noise of at least WIDE


@dataclass(frozen=True)
class Timed:
    """One benchmark in one run, seconds."""

    median: float
    quartile_range: float
    rounds: int

    @property
    def noise(self):
        """As a share of the median."""
        least = WIDE if self.rounds < FEW else LEAST
        return max(least, self.quartile_range / self.median)


@dataclass(frozen=True)
class Run:
    """A saved file."""

    name: str
    time: str
    machine: tuple
    timed: dict  # by the benchmark's full name
    failed: int  # tests that failed

    @classmethod
    def load(cls, path):
        saved = json.loads(path.read_text())
        info = saved["machine_info"]
        return cls(
            path.stem,
            saved["datetime"],
            (info["cpu"].get("brand_raw"), info["cpu"].get("count"), info["python_version"]),
            {
                b["fullname"]: Timed(b["stats"]["median"], b["stats"]["iqr"], b["stats"]["rounds"])
                for b in saved["benchmarks"]
            },
            saved.get("failed", 0),
        )


def runs(folder):
    """All saved runs, oldest first; a damaged file is named and left out."""
    found = []
    for path in sorted(folder.glob("*/*.json")):
        try:
            found.append(Run.load(path))
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
            print(f"{path} is no saved run ({type(error).__name__}): left out")
    return sorted(found, key=lambda run: run.time)


def compare(found):
    """Lines about the newest of the runs."""
    if not found:
        return ["no saved run: nothing to compare"]
    *earlier, last = found
    earlier = [run for run in earlier if run.machine == last.machine and not run.failed]
    failed = f"{last.name}: failed tests: {last.failed}; it will be no baseline"
    lines = [failed] if last.failed else []
    if not earlier:
        return [*lines, f"{last.name}: no earlier run on this machine in which no test failed"]
    slower, compared = [], 0
    for name, now in sorted(last.timed.items()):
        having = [run for run in earlier if name in run.timed][-SEVERAL:]
        compared += bool(having)
        said = [slow for run in having[-1:] + having[:1] if (slow := slowdown(name, run, now))]
        slower += said[:1]
    new = len(last.timed) - compared
    return [
        *slower,
        *lines,
        f"{last.name}: {compared} benchmarks compared, {len(slower)} slower by more than their "
        f"noise, {new} never run before on this machine",
    ]


def slowdown(name, run, now):
    """A line where a benchmark takes longer than in an earlier run, by more than the noise."""
    then, noise = run.timed[name], max(now.noise, run.timed[name].noise)
    change = now.median / then.median - 1
    if change <= noise:
        return None
    return (
        f"SLOWER {name}: {then.median:.4g} s in {run.name}, {now.median:.4g} s now: "
        f"{change:+.0%}, noise {noise:.0%}"
    )


def main(arguments):
    folder = Path(arguments[0] if arguments else ".benchmarks")
    print(*compare(runs(folder)), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
