"""`python -m vosbench.report [STORE] [--out DIR] [--against OLD] [--fail-on-missing yes|no]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from vosbench.errors import VosbenchError
from vosbench.report.page import Report, rendered


def main(arguments: Sequence[str] | None = None) -> int:
    """Render a report; the exit status of `conclude`, or 2 for a mistake."""
    parser = argparse.ArgumentParser(prog="python -m vosbench.report", description=__doc__)
    parser.add_argument("store", nargs="?", type=Path, default=Path("runs/bench"))
    parser.add_argument("--out", type=Path, default=Path("reports/bench"))
    parser.add_argument("--against", type=Path, metavar="OLD", help="an older store")
    parser.add_argument("--fail-on-missing", choices=("yes", "no"), default="no")
    given = parser.parse_args(arguments)
    try:
        report = rendered(given.store, given.out, old=given.against)
    except VosbenchError as mistake:
        print(f"error: {mistake}", file=sys.stderr)
        return 2
    return conclude(report, fail_on_missing=given.fail_on_missing == "yes")


def conclude(report: Report, *, fail_on_missing: bool = False) -> int:
    """Prints where the page is, what is missing and what moved.

    Returns:
        1 where a number got worse by more than noise or is gone since the older store, or where
        something is missing and must not be; else 0.
    """
    print(report.page)
    for gap in report.missing:
        print(f"missing: {gap}", file=sys.stderr)
    if report.moved is None:
        return int(bool(report.missing) and fail_on_missing)
    for move in report.moved.moves:
        if move.verdict:
            print(f"{move.verdict}: {move.method}, {move.metric}, {move.setting}: "
                  f"{move.old} -> {move.new}, {move.change}")  # fmt: skip
    for name in report.moved.gone:
        print(f"gone: {name}")
    return int(report.moved.worse or (bool(report.missing) and fail_on_missing))


if __name__ == "__main__":
    sys.exit(main())
