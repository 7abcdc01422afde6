"""What a worker process does so that nothing in it can hurt, or outlive, the run.

Imports nothing heavy, and none of the package ``run``: a worker is guarded before it spends its
first seconds on importing torch.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path

from vosbench.harness.settings import Settings

GIB = 1 << 30
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_GROUP = Path("/sys/fs/cgroup")
_GROUPS = (  # limit, use, and what the names of its statistics begin with: versions 2 and 1
    ("memory.max", "memory.current", ""),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_"),
)


def start(pipe: Connection, log: Connection, method: str, settings: Settings, more: float) -> None:
    """The main function of a worker process; see `worker.serve` for what follows."""
    isolate(log)
    from vosbench.harness.run.worker import serve

    serve(pipe, method, settings, more)


def isolate(log: Connection) -> None:
    """Makes this process a worker: it dies with its parent, and before it when memory runs out.

    Args:
        log: gets the Python traceback of a crash, and of a hang when `SIGUSR1` asks for it.
    """
    if os.name == "posix":
        os.setsid()  # Ctrl-C goes to the parent, which stops its workers with all they started
        faulthandler.enable(log.fileno())
        faulthandler.register(signal.SIGUSR1, log.fileno())
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    """Where the system does not do it; and a parent may have died before it was asked to."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def limit_memory(more: float) -> None:
    """Lets this process take `more` GiB beyond what it has: then an allocation fails in it."""
    if sys.platform == "linux":
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + int(more * GIB)
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


def available_memory() -> float:
    """GiB that this machine, or the container we are in, can still give; 4 where it does not say.

    >>> available_memory() > 0
    True
    """
    found = []
    with suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        kib = next(line.split()[1] for line in lines if line.startswith("MemAvailable"))
        found.append(int(kib) * 1024)
    for most, used, prefix in _GROUPS:
        with suppress(OSError, ValueError):
            limit, taken = (int((_GROUP / name).read_text()) for name in (most, used))
            found.append(limit - taken + _cached((_GROUP / used).with_name("memory.stat"), prefix))
    return max(0.25, min(found, default=4 * GIB) / GIB)


def _cached(stat: Path, prefix: str) -> int:
    """Bytes of files that a container has read: they count as used, and are given back when asked.

    Args:
        stat: its `memory.stat`; 0 where there is none.
        prefix: of the names in it.
    """
    wanted = (f"{prefix}active_file", f"{prefix}inactive_file")
    with suppress(OSError, ValueError):
        lines = (line.split() for line in stat.read_text(encoding="ascii").splitlines())
        return sum(int(count) for name, count in lines if name in wanted)
    return 0
