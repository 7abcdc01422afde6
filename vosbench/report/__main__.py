"""`python -m vosbench.report [STORE] [--out DIR] [--fail-on-missing yes|no]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from vosbench.errors import VosbenchError
from vosbench.report.page import rendered


def main(arguments: Sequence[str] | None = None) -> int:
    """Render a report; 0, or 1 where something is missing that must not be, or 2 for a mistake."""
    parser = argparse.ArgumentParser(prog="python -m vosbench.report", description=__doc__)
    parser.add_argument("store", nargs="?", type=Path, default=Path("runs/bench"))
    parser.add_argument("--out", type=Path, default=Path("reports/bench"))
    parser.add_argument("--fail-on-missing", choices=("yes", "no"), default="no")
    given = parser.parse_args(arguments)
    try:
        page, gaps = rendered(given.store, given.out)
    except VosbenchError as mistake:
        print(f"error: {mistake}", file=sys.stderr)
        return 2
    print(page)
    for gap in gaps:
        print(f"missing: {gap}", file=sys.stderr)
    return int(bool(gaps) and given.fail_on_missing == "yes")


if __name__ == "__main__":
    sys.exit(main())
