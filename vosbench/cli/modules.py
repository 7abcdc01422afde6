"""Verbs about memory modules: list and check."""

# No `from __future__ import annotations` here: typer reads the annotations when it builds a verb.
from typing import Annotated

import typer

from vosbench.cli.app import app


@app.command("list")
def list_() -> None:
    """Name methods, data sets, presets and harnesses."""
    from vosbench.harness.listing import listing

    typer.echo(listing())


@app.command()
def check(
    methods: Annotated[list[str], typer.Argument(help="names, or name:parameter=value")],
) -> None:
    """Hold memory modules to the contract; exit status 1 where a clause is broken."""
    from vosbench.harness.contract import check_apart as run
    from vosbench.harness.subject import parse

    broken = 0
    for spec in methods:
        name, parameters = parse(spec)
        for clause, promise, status, detail in run(name, parameters):
            broken += status == "broken"
            typer.echo(f"{status:7} {name}  {clause}: {detail or promise}")
    raise typer.Exit(1 if broken else 0)
