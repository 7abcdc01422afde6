"""What a worker and its parent say to each other: plain data on a pipe."""

from __future__ import annotations

from typing import Any, NamedTuple

from vosbench.errors import VosbenchError
from vosbench.harness.run.executor import Stamp
from vosbench.harness.run.jobs import Job
from vosbench.results import Failure


class Request(NamedTuple):
    """To a worker. `verb` is "measure", or for speed "turn" and "rows"."""

    verb: str
    job: Job
    threads: int  # CPU threads of torch


class Ready(NamedTuple):
    """From a worker: its method is built."""

    stamp: Stamp


class Tick(NamedTuple):
    """From a worker: a step of the job is done."""


class Done(NamedTuple):
    """From a worker: the answer to a request."""

    value: Any


class Failed(NamedTuple):
    """From a worker, or said by the parent of one that can no longer speak."""

    failure: Failure
    spoiled: bool = False  # whether the process must not be used again
    mistake: VosbenchError | None = None  # where it is the user's
    fatal: bool = False  # whether it ends the run: a full disk is nobody's cell's fault


Message = Ready | Tick | Done | Failed
