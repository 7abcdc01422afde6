"""A worker as its parent sees it: a process that is asked, listened to, and replaced."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from types import ModuleType

from vosbench.harness.guard import start
from vosbench.harness.run.executor import Stamp
from vosbench.harness.run.messages import Failed, Message, Ready, Request
from vosbench.harness.settings import Settings
from vosbench.results import Failure

_CONTEXT = get_context("spawn")  # a fresh interpreter: nothing of ours is in it, nor of another's
_GLANCE = 1.0  # seconds between two looks at whether a silent worker is still there


class Worker:
    """A process with one method in it.

    Args:
        method: as the user typed it.
        settings: of the run.
        memory: GiB that measuring may take.
        patience: seconds until the method must be built.
    """

    def __init__(self, method: str, settings: Settings, memory: float, patience: float) -> None:
        self.method = method
        self.stamp: Stamp | None = None  # once it is ready
        self.deadline = time.monotonic() + patience
        self._limit = patience
        self._doing = "it was built"
        self.pipe, theirs = _CONTEXT.Pipe()
        self._log, log = _CONTEXT.Pipe(duplex=False)
        self._process = _CONTEXT.Process(
            target=start, args=(theirs, log, method, settings, memory), daemon=True
        )
        with _no_interrupts(), _no_script():
            self._process.start()
        theirs.close()
        log.close()

    def ask(self, request: Request, patience: float) -> None:
        """Sends a request; the worker must answer within `patience` seconds."""
        self._limit = patience
        self.deadline = time.monotonic() + patience
        self._doing = "its cell was measured"
        with suppress(BrokenPipeError, ConnectionResetError):  # it died: `listen` says so
            self.pipe.send(request)

    def heard(self) -> Message | None:
        """The next message, if there is one; a dead or overdue worker is spoken for."""
        try:
            if self.pipe.poll():
                message: Message = self.pipe.recv()
                if isinstance(message, Ready):
                    self.stamp = message.stamp
                return message
        except (EOFError, OSError):
            self._process.join(_GLANCE)
            return self._dead()
        if not self._process.is_alive():
            return None if self.pipe.poll() else self._dead()
        return self._overdue() if time.monotonic() > self.deadline else None

    def kill(self) -> None:
        """Ends the process at once, with every process that it started."""
        if self._process.pid is not None and os.name == "posix":
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.join()
        self._process.close()
        self.pipe.close()
        self._log.close()

    def _dead(self) -> Failed:
        status = self._process.exitcode
        if status is None:
            what = "closed its pipe"
        elif status < 0:
            what = f"was ended by {_signal_name(-status)}"
            if -status == signal.SIGKILL:
                what += ", as the system does when memory runs out,"
        else:
            what = f"exited with status {status}"
        reason = f"the worker process of {self.method} {what} before {self._doing}"
        return Failed(Failure(reason, self._last_words()), spoiled=True)

    def _overdue(self) -> Failed:
        if os.name == "posix" and self._process.pid is not None:
            os.kill(self._process.pid, signal.SIGUSR1)  # asks for a traceback, see `isolate`
            wait([self._log], _GLANCE)
        reason = (
            f"time limit: {self._limit:g} s were over before {self._doing}; "
            "--time-limit sets another"
        )
        return Failed(Failure(reason, self._last_words()), spoiled=True)

    def _last_words(self) -> str:
        """What is in the log by now; its writers may go on, so nothing is waited for."""
        if os.name != "posix":
            return ""
        words = b""
        while select.select([self._log], [], [], 0.1)[0]:
            more = os.read(self._log.fileno(), 1 << 16)
            words += more
            if not more or len(words) > 1 << 16:
                break
        return words.decode(errors="replace")


def listen(workers: Iterable[Worker]) -> tuple[Worker, Message]:
    """Waits for the next message of any of the workers."""
    listening = {worker.pipe: worker for worker in workers}
    while True:
        soonest = min(worker.deadline for worker in listening.values()) - time.monotonic()
        ready = wait(list(listening), max(0.0, min(_GLANCE, soonest)))
        first = [listening[pipe] for pipe in ready if isinstance(pipe, Connection)]
        for worker in first or listening.values():
            message = worker.heard()
            if message is not None:
                return worker, message


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Holds Ctrl-C back for a moment; a process started meanwhile never gets it.

    One that is still starting would answer with a traceback; the parent stops it in any case.
    """
    if os.name != "posix":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _no_script() -> Iterator[None]:
    """Hides the running script for a moment.

    A spawned process imports it anew, which takes time, and would start the whole run again from a
    script without ``if __name__ == "__main__"``. A worker needs nothing of it.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script
