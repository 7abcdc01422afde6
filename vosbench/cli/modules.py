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
    limit: Annotated[
        float, typer.Option(min=1, help="seconds after which a clause counts as hung")
    ] = 600,
) -> None:
    """Hold memory modules to the contract; exit status 1 where a clause is broken."""
    from vosbench.harness.contract import check_apart as run
    from vosbench.harness.subject import parse

    broken = 0
    for spec in methods:
        name, parameters = parse(spec)
        skipped: dict[str, list[str]] = {}  # reason -> clauses: one fault may stop them all
        for clause, promise, status, detail in run(name, parameters, limit):
            if status == "skipped":
                skipped.setdefault(detail, []).append(clause)
                continue
            broken += status == "broken"
            typer.echo(f"{status:7} {name}  {clause}: {detail or promise}")
        for reason, clauses in skipped.items():
            typer.echo(f"skipped {name}  {', '.join(clauses)}: {reason}")
    raise typer.Exit(1 if broken else 0)
