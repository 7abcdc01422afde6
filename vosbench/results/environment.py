"""What a number was measured with: versions, commit, machine. Never imports torch."""

from __future__ import annotations

import functools
import json
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import vosbench

STAMP_FIELDS = (
    "vosbench", "commit", "python", "torch", "numpy", "timm",
    "platform", "machine", "cpu", "cores", "threads", "device_name", "source",
    "defaults", "data",
    "time",
)  # fmt: skip


def stamp(device_name: str = "", source: str = "", defaults: str = "") -> dict[str, str]:
    """The environment of this process. `time` is left to the store, which sets it at each append.

    Args:
        device_name: the accelerator's own name; without it, the processor's.
        source: digest of the measured method's code, "unknown" where there is none.
        defaults: the method's own parameters and write policy, as JSON.

    `machine` tells machines apart by processor, cores and system, not by a host name, which would
    differ between two runs in containers and has no place in a published page. `threads`, of torch
    on the CPU, are for who set them to say, and `data`, the fingerprint of the sequence, is for who
    read it; until then, and in older stores, they are "unknown".
    """
    cpu, cores = _cpu(), str(_cores())
    return {
        "vosbench": vosbench.__version__,
        "commit": _commit(),
        "python": platform.python_version(),
        **{name: _version(name) for name in ("torch", "numpy", "timm")},
        "platform": f"{platform.system()} {platform.release()}",
        "machine": f"{cpu}, {cores} core{'s' * (cores != '1')}, {platform.system()}",
        "cpu": cpu,
        "cores": cores,
        "threads": "unknown",
        "device_name": device_name or cpu,
        "source": source or "unknown",
        "defaults": defaults or "unknown",
        "data": "unknown",
    }


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"


def _cores() -> int:
    """Cores this process may use, which in a container is fewer than the machine has."""
    if sys.platform != "linux":
        return os.cpu_count() or 1
    return len(os.sched_getaffinity(0))


@functools.cache
def _cpu() -> str:
    """The processor's model name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), "") or platform.processor() or platform.machine() or "unknown"


@functools.cache
def _commit() -> str:
    """The commit of the running code, with "-dirty" where files differ from it, or "unknown"."""
    package = Path(vosbench.__file__).parent
    # The package may sit untracked inside somebody else's repository: that commit is not ours.
    if _git(package, "ls-files", "--error-unmatch", "__init__.py") is None:
        return _installed_commit()
    head = _git(package, "rev-parse", "HEAD")
    if head is None:
        return "unknown"
    return head + ("-dirty" if _git(package, "status", "--porcelain", "-uno") else "")


def _git(folder: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _installed_commit() -> str:
    """The commit pip noted when it installed from a git address."""
    try:
        noted = metadata.distribution("vosbench").read_text("direct_url.json")
        return str(json.loads(noted or "{}")["vcs_info"]["commit_id"])
    except (metadata.PackageNotFoundError, KeyError, ValueError):
        return "unknown"
