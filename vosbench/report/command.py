"""The verb `report`, as `vosbench report` and as `python -m vosbench.report`."""

# No `from __future__ import annotations` here: typer reads the annotations when it builds a verb.
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vosbench.errors import folder

if TYPE_CHECKING:
    from vosbench.report.page import Report


def report(
    store: Annotated[Path, typer.Argument(help="folder of the records")] = Path("runs/bench"),
    out: Annotated[Path, typer.Option(parser=folder, help="the report goes here")] = Path(
        "reports/bench"
    ),
    against: Annotated[Path | None, typer.Option(help="an older store: say what moved")] = None,
    fail_on_missing: Annotated[
        bool, typer.Option("--fail-on-missing", help="status 1 where a measurement is missing")
    ] = False,
) -> None:
    """Render the report from stored records alone (also ``python -m vosbench.report``).

    Exit status 1 where a number got worse than in the older store by more than noise, or is gone.
    """
    from vosbench.report.page import rendered  # not before: other verbs need no matplotlib

    found = rendered(store, out, old=against)
    raise typer.Exit(conclude(found, fail_on_missing=fail_on_missing))


def conclude(found: "Report", *, fail_on_missing: bool = False) -> int:
    """Prints where the page is, what is missing and what moved.

    Returns:
        1 where a number got worse by more than noise or is gone since the older store, or where
        something is missing and must not be; else 0.
    """
    print(found.page)
    for gap in found.missing:
        print(f"missing: {gap}", file=sys.stderr)
    lacking = fail_on_missing and bool(found.missing)
    if found.moved is None:
        return int(lacking)
    for move in found.moved.moves:
        if move.verdict:
            print(f"{move.verdict}: {move.method}, {move.metric}, {move.setting}: "
                  f"{move.old} -> {move.new}, {move.change}"
                  + (f", over {move.pairs}" if move.pairs else ""))  # fmt: skip
    for name in found.moved.gone:
        print(f"gone: {name}")
    for reason in found.moved.apart:
        print(f"not compared: {reason}")
    return int(found.moved.worse or lacking)
