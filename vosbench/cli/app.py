"""The application that the verbs join, and how it ends."""

import sys
import warnings

import typer

from vosbench.errors import VosbenchError

app = typer.Typer(
    help="Benchmarks the memory modules of semi-supervised video object segmentation.",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
)  # fmt: skip


def main() -> None:
    """Runs a verb. A user's mistake is one line on stderr and exit status 2, never a traceback."""
    warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"
    try:
        app()
    except VosbenchError as mistake:
        print(f"error: {mistake}", file=sys.stderr)
        sys.exit(2)
