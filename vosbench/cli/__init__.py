"""The command line: verbs that parse, call one function each, and print one line per mistake."""

from vosbench.cli import measuring, modules, reading, training  # each adds its verbs to the app
from vosbench.cli.app import app, main

__all__ = ["app", "main", "measuring", "modules", "reading", "training"]
