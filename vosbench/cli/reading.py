"""Verbs that read what is stored: report, score and export."""

# No `from __future__ import annotations` here: typer reads the annotations when it builds a verb.
from pathlib import Path
from typing import Annotated

import typer

from vosbench.cli.app import app
from vosbench.report.command import report

app.command()(report)


@app.command()
def score(
    gt: Annotated[Path, typer.Argument(help="true masks: SEQUENCE/FRAME.png, or one sequence's")],
    pred: Annotated[Path, typer.Argument(help="predicted ones, in folders of the same names")],
    protocol: Annotated[str, typer.Option(help="which evaluator's rules")] = "davis2017",
    workers: Annotated[int, typer.Option(min=1, help="threads")] = 1,
    csv: Annotated[Path | None, typer.Option(help="per frame and object")] = None,
    json: Annotated[Path | None, typer.Option(help="summary")] = None,
    official_decay: Annotated[bool, typer.Option(help="the official, overflowing decay")] = False,
) -> None:
    """Score folders of masks: J, F and J&F per sequence and object."""
    from vosbench.harness.score_folders import score_folders
    from vosbench.harness.score_output import tell, try_out

    try_out(csv, json)
    found = score_folders(gt, pred, protocol, workers, official_decay=official_decay)
    tell(found, csv_file=csv, json_file=json)


@app.command()
def export(
    server: Annotated[str, typer.Argument(help="davis2017, youtube-vos or mose")],
    store: Annotated[Path, typer.Argument(help="folder of the records and predictions")],
    method: Annotated[str, typer.Option(help="its name, or its folder in the predictions")],
    out: Annotated[Path, typer.Option(help="the zip")],
    data: Annotated[
        str, typer.Option(help="NAME=PATH: no sequence or frame of it may be missing")
    ] = "",
    split: Annotated[Path | None, typer.Option(help="file with one sequence a line")] = None,
) -> None:
    """Write stored predictions as the zip that an evaluation server takes."""
    from vosbench.exports import export as run

    typer.echo(run(server, store, method, out, data, split))
