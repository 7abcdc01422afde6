"""Where a bench runs: worker processes on this machine, or a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from vosbench.errors import UsageError
from vosbench.harness.run.executor import Executor
from vosbench.harness.run.local import Local
from vosbench.harness.settings import Settings


def executor_on(on: str) -> AbstractContextManager[Callable[[Settings], Executor]]:
    """What makes the executors of a run, for as long as the context lasts.

    Args:
        on: "local"; "ray", the cluster that this machine belongs to or `RAY_ADDRESS` names; or
            "ray://HOST:PORT", Ray Client to a cluster anywhere (port 10001 unless told another).

    Raises:
        UsageError: anything else; no Ray; no cluster there.
    """
    if on == "local":
        return nullcontext(Local)
    if on == "ray" or on.startswith("ray://"):
        from vosbench.harness.run.ray import connected

        return connected(on)
    raise UsageError(f"--on {on!r}: expected local, ray, or ray://HOST:PORT")
