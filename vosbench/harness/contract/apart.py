"""The contract held in a process of its own: a module that exits, crashes or hangs there costs the
clause at which it did, and not the command.
"""

from __future__ import annotations

import signal
import warnings
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from vosbench import registry
from vosbench.errors import UsageError
from vosbench.harness.contract.checks import CHECKS
from vosbench.harness.contract.run import Finding, check, promise, unjudged
from vosbench.registry import PluginWarning

START = 600.0  # seconds until a child is ready
GRACE = 10.0  # seconds in which a child that has said all must have ended
_CONTEXT = get_context("spawn")


def check_apart(method: str, parameters: dict[str, Any], limit: float) -> Iterator[Finding]:
    """As `check`, of all clauses; one that has given no answer after `limit` seconds is broken.

    Raises:
        UsageError: there is no such method, or it has no such parameter.
    """
    registry.methods()  # what there is to say about plugins is said here, once
    waiting = list(CHECKS)
    while waiting:
        for found in _from_child(method, parameters, tuple(waiting), limit):
            waiting.remove(found.clause)
            yield found
            if rest := unjudged(found, waiting):
                yield from rest
                return


def _from_child(
    method: str, parameters: dict[str, Any], clauses: tuple[str, ...], limit: float
) -> Iterator[Finding]:
    """Findings of one child, in order; the last one may be how it ended."""
    ours, theirs = _CONTEXT.Pipe(duplex=False)
    child = _CONTEXT.Process(target=_serve, args=(theirs, method, parameters, clauses), daemon=True)
    child.start()
    theirs.close()
    try:
        if ours.poll(START):  # until it has imported torch, perhaps from a cold disk
            with suppress(EOFError):  # then the first clause below ends in the same
                ours.recv()
        for clause in clauses:
            if not ours.poll(limit):
                yield _broken(clause, f"no answer within {limit:g} s")
                return
            try:
                said = ours.recv()
            except EOFError:
                child.join()
                yield _broken(clause, f"its process ended ({_status(child.exitcode)})")
                return
            if isinstance(said, str):
                raise UsageError(said)
            yield Finding(*said)
        child.join(GRACE)
    finally:
        child.kill()
        child.join()


def _broken(clause: str, how: str) -> Finding:
    return Finding(clause, promise(clause), "broken", f"expected it to return; got {how}")


def _status(code: int | None) -> str:
    """An exit code in words.

    >>> _status(3), _status(-11)
    ('exit status 3', 'signal SIGSEGV')
    """
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit status {code}"


def _serve(
    pipe: Connection, method: str, parameters: dict[str, Any], clauses: tuple[str, ...]
) -> None:
    """The child: sends each finding, or what the user got wrong."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which kills this one
    warnings.simplefilter("ignore", PluginWarning)  # the parent has said it
    pipe.send("ready")
    try:
        for found in check(method, parameters, clauses):
            pipe.send(tuple(found))
    except UsageError as error:
        pipe.send(str(error))
