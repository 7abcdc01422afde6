"""The application that the verbs join, and how it ends."""

import sys
import warnings
from importlib import metadata
from typing import Annotated, Any

import typer

from vosbench.errors import VosbenchError

MISUSE: Any = typer.BadParameter.__base__  # UsageError of click, or of the one inside typer

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
        sys.exit(app(standalone_mode=False))
    except MISUSE as misuse:
        if "\n" in misuse.format_message():  # nothing was asked for, and this is the help
            misuse.show()
        else:
            at = f"{misuse.ctx.command_path} --help" if misuse.ctx else "vosbench --help"
            told = misuse.format_message().rstrip(".") or "a command is missing"
            print(f"error: {told}: see {at}", file=sys.stderr)
        sys.exit(2)
    except VosbenchError as mistake:
        print(f"error: {mistake}", file=sys.stderr)
        sys.exit(2)
