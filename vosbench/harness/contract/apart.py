"""The contract held in a process of its own: a module that exits, crashes or hangs there costs the
clause at which it did, and not the command.
"""

from __future__ import annotations

import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, cast

import torch

from vosbench import registry
from vosbench.errors import UsageError
from vosbench.harness.contract.checks import CHECKS
from vosbench.harness.contract.lives import life
from vosbench.harness.contract.run import Finding, check, promise, unjudged
from vosbench.harness.contract.trial import Trial
from vosbench.registry import PluginWarning

START = 600.0  # seconds until a child is ready
LIFE = 60.0  # seconds that the life in a process of its own may take
GRACE = 10.0  # seconds in which a child that has said all must have ended
_CONTEXT = get_context("spawn")


def check_apart(method: str, parameters: dict[str, Any], limit: float) -> Iterator[Finding]:
    """As `check`, of all clauses; one that has given no answer after `limit` seconds is broken.

    Raises:
        UsageError: there is no such method, or it has no such parameter.
    """
    registry.methods()  # what there is to say about plugins is said here, once
    first = _first(method, parameters, limit)
    waiting = list(CHECKS)
    while waiting:
        for found in _from_child((method, parameters, tuple(waiting), first), limit):
            waiting.remove(found.clause)
            yield found
            if rest := unjudged(found, waiting):
                yield from rest
                return


def _first(method: str, parameters: dict[str, Any], limit: float) -> list[Any] | None:
    """What a life gives in a process that has done nothing else; None where it ends otherwise,
    which the clauses tell.
    """
    with _child(_live, method, parameters) as (pipe, _), suppress(EOFError):
        if pipe.poll(min(limit, LIFE)):
            return cast("list[Any] | None", pipe.recv())
    return None


def _from_child(
    told: tuple[str, dict[str, Any], tuple[str, ...], list[Any] | None], limit: float
) -> Iterator[Finding]:
    """Findings of one child, in order; the last one may be how it ended."""
    with _child(_serve, *told) as (ours, child):
        for clause in told[2]:
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


@contextmanager
def _child(target: Callable[..., None], *told: Any) -> Iterator[tuple[Connection, BaseProcess]]:
    """A process that runs `target`, and where what it says comes in; it ends with the block."""
    ours, theirs = _CONTEXT.Pipe(duplex=False)
    child = _CONTEXT.Process(target=_started, args=(theirs, target, *told), daemon=True)
    child.start()
    theirs.close()
    try:
        if ours.poll(START):  # until it has imported torch, perhaps from a cold disk
            with suppress(EOFError):  # then what is read next ends in the same
                ours.recv()
        yield ours, child
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


def _started(pipe: Connection, target: Callable[..., None], *told: Any) -> None:
    """What a child does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which kills this one
    warnings.simplefilter("ignore", PluginWarning)  # the parent has said it
    pipe.send("ready")
    target(pipe, *told)


def _serve(pipe: Connection, *told: Any) -> None:
    """Sends each finding of `check`, or what the user got wrong."""
    try:
        for found in check(*told):
            pipe.send(tuple(found))
    except UsageError as error:
        pipe.send(str(error))


def _live(pipe: Connection, method: str, parameters: dict[str, Any]) -> None:
    """Sends the readout of a life as numbers, all that comes through a pipe unchanged."""
    trial = Trial(method, parameters)
    with suppress(Exception), torch.no_grad():
        pipe.send(life(trial, trial.memory()).tolist())
