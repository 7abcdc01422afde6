"""`python -m vosbench.report`: the verb `vosbench report`, without what the other verbs load."""

import sys
from collections.abc import Sequence

import typer

from vosbench.errors import VosbenchError
from vosbench.report.command import report


def main(arguments: Sequence[str] | None = None) -> int:
    """Render a report; the exit status, which is 2 for a mistake."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(report)
    try:
        app(arguments, prog_name="python -m vosbench.report")
    except VosbenchError as mistake:
        print(f"error: {mistake}", file=sys.stderr)
        return 2
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
