"""Errors a user can cause: one line that says what was given, what was expected and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class VosbenchError(Exception):
    """A mistake in the input. The command line prints its one line and exits with status 2."""

    def __str__(self) -> str:
        """One line, even where it names a file whose name has a line break."""
        return super().__str__().replace("\n", "\\n")


class UsageError(VosbenchError):
    """A name or an option that does not exist or does not fit."""


class DataError(VosbenchError):
    """A file that is missing, damaged or of the wrong kind; the message names it."""


class PluginError(VosbenchError):
    """A memory module that breaks its contract; the message names the module and the clause."""


def folder(typed: str | Path) -> Path:
    """A folder as an option names it. "" would be the one worked in, but is mostly a variable that
    a script has never set.
    """
    if not str(typed).strip():
        raise UsageError("an empty name for a folder: expected one, as in --store runs/bench")
    return Path(typed)


def one_line(error: BaseException, longest: int = 300) -> str:
    r"""An exception as one line of bounded length: some libraries print whole tensors.

    >>> one_line(ValueError("two\nlines"))
    'ValueError: two lines'
    """
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= longest else f"{text[: longest - 60]} ... {text[-50:]}"


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a name that is not in a list, with the nearest names that are.

    >>> unknown("method", "gcc", ["gc", "stm"]).args[0]
    "unknown method 'gcc': did you mean gc? (known: gc, stm)"
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f": did you mean {' or '.join(near)}?" if near else ""
    return UsageError(f"unknown {kind} {name!r}{hint} (known: {', '.join(names) or 'none'})")
