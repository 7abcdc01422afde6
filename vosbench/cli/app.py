"""The application that the verbs join, and how it ends."""

import sys
import warnings
from importlib import metadata
from typing import Annotated

import typer

from vosbench.errors import VosbenchError

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
)  # fmt: skip


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"vosbench {metadata.version('vosbench')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[  # acted on by its callback, before a verb is looked for
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say it and exit.")
    ] = False,
) -> None:
    """Benchmarks the memory modules of semi-supervised video object segmentation."""


def main() -> None:
    """Runs a verb. A user's mistake is one line on stderr and exit status 2, never a traceback."""
    warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"
    try:
        app()
    except VosbenchError as mistake:
        print(f"error: {mistake}", file=sys.stderr)
        sys.exit(2)
