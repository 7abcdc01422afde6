"""A worker process: builds one method, then measures what it is asked to until the pipe closes."""

from __future__ import annotations

import errno
import gc
import traceback
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import torch

from vosbench.errors import DataError, PluginError, UsageError, one_line
from vosbench.harness import accuracy, flops, growth, speed, table1
from vosbench.harness.defaults import noted
from vosbench.harness.guard import limit_memory
from vosbench.harness.run.jobs import Job
from vosbench.harness.run.messages import Done, Failed, Ready, Request, Tick
from vosbench.harness.settings import Settings
from vosbench.harness.source import source_digest
from vosbench.harness.subject import Subject, prepare
from vosbench.model.device import ran_out
from vosbench.registry import PluginWarning
from vosbench.results import Failure, Row
from vosbench.results.cell import checked
from vosbench.results.environment import stamp

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
_OURS = {DataError, PluginError, UsageError}
_LONGEST = 20_000  # characters of a traceback that are kept, its end first of all


def serve(pipe: Connection, method: str, settings: Settings, more: float) -> None:
    """What the process does once it is guarded.

    Args:
        pipe: requests come in, messages go out; it closes when the parent is done.
        method: as the user typed it.
        settings: of the run.
        more: GiB of memory that measuring may take; 0 for no limit.
    """
    warnings.simplefilter("ignore", PluginWarning)  # the parent has said it
    try:
        subject = prepare(method, settings)
        own = source_digest(subject.method), noted(subject.method, settings)
        note = stamp(_accelerator(settings.device), *own)
        if more and settings.device == "cpu":  # CUDA maps far more addresses than it takes memory
            limit_memory(more)
    except BaseException as error:
        pipe.send(failed(error))
        return
    pipe.send(Ready(note))
    desk = Desk(subject, lambda: pipe.send(Tick()))
    try:
        while True:
            pipe.send(desk.answer(pipe.recv()))
    except (EOFError, BrokenPipeError):
        return


class Desk:
    """Answers requests, one after another."""

    def __init__(self, subject: Subject, tick: Callable[[], None]) -> None:
        self.subject = subject
        self.tick = tick
        self.session: speed.Session | None = None  # of the speed job that is under way

    def answer(self, request: Request) -> Done | Failed:
        """The answer. A plugin may fail in any way, so anything it raises is caught."""
        torch.set_num_threads(request.threads)
        try:
            return Done(self._do(request))
        except BaseException as error:
            self.session = None
            return failed(error)
        finally:
            gc.collect()

    def _do(self, request: Request) -> Any:
        if request.verb == "measure":
            return [checked(row) for row in measure(request.job, self.subject, self.tick)]
        if self.session is None:
            job = request.job
            assert job.video is not None  # as the plan makes speed jobs
            assert job.timing is not None
            self.session = speed.Session(self.subject, job.video, job.timing)
        if request.verb == "turn":
            return self.session.turn()
        session, self.session = self.session, None
        return [checked(row) for row in session.rows()]


def measure(job: Job, subject: Subject, tick: Callable[[], None]) -> list[Row]:
    """The Records of a job that is no speed job."""
    cell = job.cell
    match cell.harness:
        case "accuracy":
            assert job.video is not None  # as the plan makes accuracy jobs
            return accuracy.measure(subject, job.video, cell, tick, among=job.among)
        case "table1":
            return table1.measure(cell.method)
        case "flops" | "scaling":
            return flops.measure(subject, cell.protocol, job.size, cell.objects, job.times)
        case "growth":
            return growth.measure(subject, cell.protocol, job.size, cell.objects, job.times)
        case other:
            raise ValueError(f"no worker measures {other!r}")


def failed(error: BaseException) -> Failed:
    """What is to be known of an error: its line, its traceback, and what follows from it."""
    ours = type(error) in _OURS and len(error.args) == 1  # a plugin's own kind is its failure
    reason = str(error.args[0]) if ours else one_line(error)
    text = "".join(traceback.format_exception(error))
    if len(text) > _LONGEST:
        text = f"[{len(text) - _LONGEST} characters left out]\n{text[-_LONGEST:]}"
    # Made anew, of its text alone: an exception can hold what does not come through a pipe.
    mistake = type(error)(reason) if ours and isinstance(error, UsageError | DataError) else None
    return Failed(Failure(reason, text), ran_out(error), mistake, _full(error))


def _full(error: BaseException) -> bool:
    """Whether the disk that pictures go to is full."""
    cause = error.__cause__ if isinstance(error, DataError) else error
    return isinstance(cause, OSError) and cause.errno in _FULL


def _accelerator(device: str) -> str:
    return "" if device == "cpu" else torch.cuda.get_device_name(device)
