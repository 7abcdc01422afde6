"""The command line: verbs that parse, call one function each, and print one line per mistake."""

# Each module adds its verbs to the app.
from vosbench.cli import data, measuring, modules, planning, reading, training
from vosbench.cli.app import app, main

__all__ = ["app", "data", "main", "measuring", "modules", "planning", "reading", "training"]
