"""Verbs about data sets: data list and data get."""

# No `from __future__ import annotations` here: typer reads the annotations when it builds a verb.
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from vosbench.cli.app import app
from vosbench.errors import UsageError, folder, unknown

data = typer.Typer(help="Public data sets: what is known, and how to get it.", no_args_is_help=True)
app.add_typer(data, name="data")


@data.command("list")
def list_() -> None:
    """Name the data sets that are known, where they come from and their licences."""
    from vosbench.data.download import listing

    typer.echo(listing())


@data.command("get")
def get(
    name: Annotated[str, typer.Argument(help="as in 'vosbench data list'")],
    to: Annotated[
        Path, typer.Option(parser=folder, help="folder for the archive and the data set")
    ] = Path("data"),
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="you have read the notice and agree")
    ] = False,
    url: Annotated[str, typer.Option(help="another address; https")] = "",
    sha256: Annotated[str, typer.Option(help="that the archive must have")] = "",
    stall: Annotated[float, typer.Option(min=0.1, help="seconds without a byte")] = 30.0,
    tries: Annotated[int, typer.Option(min=1, help="attempts that bring nothing new")] = 6,
) -> None:
    """Download a data set, check it and unpack it. A download that was stopped goes on.

    vosbench data get davis2017 --accept-licence
    """
    from vosbench.data.download import SOURCES, Patience, choose, notice
    from vosbench.data.download import get as run
    from vosbench.progress import Bar

    if name not in SOURCES:
        raise unknown("data set", name, SOURCES)
    source = choose(SOURCES[name], url, sha256)
    typer.echo(notice(source))
    if not accept_licence:
        raise UsageError(
            f"{name} comes under the licence above; expected --accept-licence: read it, then give "
            "the same command with that option"
        )
    try:
        with _alone(to, name), Bar() as bar:
            folder = run(source, to, bar, patience=Patience(stall, tries), say=typer.echo)
    except KeyboardInterrupt:
        typer.echo("stopped: what came is kept; the same command goes on", err=True)
        raise typer.Exit(130) from None
    typer.echo(f"{folder}: use it with --data {source.use}={folder}")


@contextlib.contextmanager
def _alone(to: Path, name: str) -> Iterator[None]:
    """One download of a data set into a folder at a time; UsageError where another one runs."""
    from vosbench.results.folders import ensure_writable
    from vosbench.results.lock import claim

    ensure_writable(to, "--to")
    with (to / f".{name}.lock").open("w") as lock:
        if not claim(lock.fileno()):
            raise UsageError(
                f"{to}: another process gets {name} there; expected one at a time: wait for it, or "
                "give another --to"
            )
        yield
