"""The verb that says what more would cost: plan."""

# No `from __future__ import annotations` here: typer reads the annotations when it builds a verb.
from pathlib import Path
from typing import Annotated

import typer

from vosbench.cli.app import app


@app.command()
def plan(
    store: Annotated[Path, typer.Argument(help="folder of the records")] = Path("runs/bench"),
    hours: Annotated[float, typer.Option(help="of video")] = 10_000.0,
    fps: Annotated[float, typer.Option(help="frames a second of it")] = 24.0,
    clip: Annotated[float, typer.Option(help="seconds of a clip")] = 14.0,
    cores: Annotated[int, typer.Option(help="CPU cores that work at once")] = 64,
    data: Annotated[
        str, typer.Option(help="NAME=PATH: first measure what reading its frames costs")
    ] = "",
    split: Annotated[Path | None, typer.Option(help="file with one sequence a line")] = None,
) -> None:
    """What hours of video would cost, by a store's measured numbers: disk, CPU years, days, state.

    vosbench plan runs/bench --hours 10000 --data davis2017=PATH
    """
    from vosbench.report.evidence import load
    from vosbench.report.plan import Amount, tables
    from vosbench.report.tabular import to_markdown

    amount = Amount(hours, fps, clip, cores)
    load(store)  # a store that is none is said before anything is measured
    if data:
        from vosbench.data import load as load_data
        from vosbench.harness.reading import measure
        from vosbench.results import Store

        measure(load_data(data, split), Store(store))
    typer.echo("\n".join(to_markdown(table) for table in tables(load(store), amount)), nl=False)
