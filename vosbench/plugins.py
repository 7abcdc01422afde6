"""Plugins from elsewhere are imported in a child process before this process dares to.

An import can raise, which is caught; but it can also hang, exit or crash, which takes the whole
process with it. So a child imports them all, one after another, and says on a pipe where it is; the
one at which it dies, or stays too long, is what is left out here, and another child does the rest.
What was found goes down to this process's own children, by the environment, with the digest of each
file: nothing is tried out twice in a run until it changes.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import pkgutil
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from functools import partial
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import IO, NamedTuple

KNOWN = "VOSBENCH_PLUGINS_TRIED"  # environment variable: name -> [file, digest, reason], as JSON
START = 600.0  # seconds until a child is ready: it imports torch, perhaps from a cold disk
PATIENCE = 60.0  # seconds that one import may take
_GRACE = 10.0  # seconds in which a child that closed its output must have ended


class Verdict(NamedTuple):
    """What became of an import in a child."""

    file: str  # "" where there is none
    digest: str
    reason: str  # why the module must not be imported; "" where it may


def loaders(entry: EntryPoint) -> Iterator[tuple[str, Callable[[], object]]]:
    """The entry point itself, then every module of the package it names."""
    found: list[ModuleType] = []

    def load() -> None:
        target = entry.load()
        if isinstance(target, ModuleType):
            found.append(target)

    yield entry.value, load
    for package in found:
        for module in pkgutil.iter_modules(getattr(package, "__path__", [])):
            name = f"{package.__name__}.{module.name}"
            yield name, partial(importlib.import_module, name)


def own(entry: EntryPoint) -> frozenset[str]:
    """Modules of ours, which need no trial: those that our own package's `BUILT_IN` names."""
    if entry.dist is None or entry.dist.name != "vosbench":
        return frozenset()
    package = importlib.import_module(entry.module)
    names = {f"{entry.module}.{name}" for name in getattr(package, "BUILT_IN", ())}
    return frozenset({entry.value, *names})


def danger(name: str, entries: Collection[EntryPoint]) -> str:
    """Why a module must not be imported here, or "".

    Args:
        name: of the module or entry point.
        entries: all that there are; a child tries out all that is not known yet.
    """
    verdict = _known().get(name)
    if verdict is None or verdict.digest != _digest(verdict.file):
        _try_out(entries, name)
        verdict = _known().get(name, Verdict("", "", "the trial import did not get to it"))
    return verdict.reason


def _known() -> dict[str, Verdict]:
    known = json.loads(os.environ.get(KNOWN, "{}"))
    return {name: Verdict(*verdict) for name, verdict in known.items()}


def _digest(file: str) -> str:
    path = Path(file)
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if file and path.is_file() else ""


def _try_out(entries: Collection[EntryPoint], wanted: str) -> None:
    """Has children import everything; each time one ends too early, the next leaves that out."""
    known = {n: v for n, v in _known().items() if n != wanted and v.digest == _digest(v.file)}
    while True:
        bad = [name for name, verdict in known.items() if verdict.reason]
        found, finished = _one_child(entries, bad)
        stuck = not found or not next(reversed(found.values())).reason
        known |= found
        os.environ[KNOWN] = json.dumps(known)
        if finished or stuck:  # the child itself did not work: no plugin is to blame for that
            return


def _one_child(
    entries: Collection[EntryPoint], skip: Collection[str]
) -> tuple[dict[str, Verdict], bool]:
    """What one child found, the last one with a reason where it ended there; whether it is done."""
    told = json.dumps([sys.path, [(e.name, e.value, e.group) for e in entries], list(skip)])
    child = subprocess.Popen(
        [sys.executable, "-c", "from vosbench.plugins import serve; serve()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    lines: queue.Queue[str] = queue.Queue()
    listener = threading.Thread(target=_listen, args=(child.stdout, lines), daemon=True)
    listener.start()
    try:
        with suppress(BrokenPipeError):
            child.stdin.write(told + "\n")
            child.stdin.flush()
        return _followed(child, lines)
    finally:
        _end(child)
        with suppress(BrokenPipeError):
            child.stdin.close()
        listener.join(_GRACE)
        if not listener.is_alive():  # else something that a plugin started holds the pipe open
            child.stdout.close()


def _listen(stream: IO[str], lines: queue.Queue[str]) -> None:
    for line in stream:
        lines.put(line)
    lines.put("")


def _followed(
    child: subprocess.Popen[str], lines: queue.Queue[str]
) -> tuple[dict[str, Verdict], bool]:
    found: dict[str, Verdict] = {}
    at, patience = ("", ""), START  # name and file of what is being imported
    while True:
        try:
            line = lines.get(timeout=patience)
        except queue.Empty:
            line, reason = "", f"its import took more than {patience:g} s"
        else:
            reason = ""
        if not line:
            if at[0]:
                found[at[0]] = Verdict(at[1], _digest(at[1]), reason or _ending(child))
            return found, False
        said = json.loads(line)
        if said is None:
            return found, True
        verb, *at_now = said
        at, patience = (at_now[0], at_now[1]), PATIENCE
        if verb == "done":
            found[at[0]] = Verdict(at[1], _digest(at[1]), "")
            at = ("", "")


def _ending(child: subprocess.Popen[str]) -> str:
    with suppress(subprocess.TimeoutExpired):
        status = child.wait(_GRACE)
        if status < 0:
            return f"its import ended the process by {signal.Signals(-status).name}"
        return f"its import ended the process with exit status {status}"
    return "its import closed the process's output"


def _end(child: subprocess.Popen[str]) -> None:
    """Stops the child and, where that can be told, what it started."""
    if os.name == "posix":
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    else:
        child.kill()
    child.wait()


def serve() -> None:
    """What a child does: imports all it is told to, and says so before and after each."""
    pipe, told = os.fdopen(os.dup(1), "w"), sys.stdin.readline()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what plugins print is none of this
    sys.path[:], entries, skip = json.loads(told)
    importlib.import_module("vosbench.registry")._scanned = True  # type: ignore[attr-defined]

    def say(said: object) -> None:
        print(json.dumps(said), file=pipe, flush=True)

    for name, value, group in entries:
        for module, load in loaders(EntryPoint(name, value, group)):
            if module in skip:
                continue
            file = _origin(module)
            say(["begin", module, file])
            with suppress(Exception, SystemExit):  # told where it is imported for good
                load()
            say(["done", module, file])
    say(None)
    os._exit(0)  # whatever threads a plugin has left running


def _origin(name: str) -> str:
    with suppress(Exception):
        spec = find_spec(name.partition(":")[0])
        return str(spec.origin or "") if spec else ""
    return ""
