"""The way to a cluster: one line about each thing that can be missing."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vosbench.errors import UsageError, one_line
from vosbench.harness.run.executor import Executor
from vosbench.harness.run.ray.cluster import Cluster
from vosbench.harness.settings import Settings

_PATIENCE = 5.0  # seconds until a port must have answered
_START = "start one with: ray start --head"


@contextmanager
def connected(on: str) -> Iterator[Callable[[Settings], Executor]]:
    """A connection to a cluster, and what makes executors on it.

    A program that has called `ray.init` itself keeps its own connection.

    Args:
        on: "ray", for Ray's own ``ray.init(address="auto")``, or "ray://HOST:PORT", for Ray Client.

    Raises:
        UsageError: Ray is not installed, or no cluster answers.
    """
    ray = needed()
    if ray.is_initialized():
        yield lambda settings: Cluster(settings, ray)
        return
    _knock(on)
    address = "auto" if on == "ray" else on
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # Ray raises whatever its parts raise
        raise UsageError(f"--on {on}: no Ray cluster: {one_line(error, 200)}: {_START}") from error
    try:
        yield lambda settings: Cluster(settings, ray)
    finally:
        ray.shutdown()


def needed() -> Any:
    """The package `ray`."""
    try:
        import ray
    except ImportError as error:
        raise UsageError("--on ray needs Ray: pip install -e '.[ray]'") from error
    return ray


def _knock(on: str) -> None:
    """Tries the port first: Ray itself asks a silent one again for minutes."""
    host, port = _port(on if on != "ray" else _known())
    if host is None or port is None:
        if on != "ray":
            raise UsageError(f"--on {on}: expected ray://HOST:PORT, as in ray://head:10001")
        return
    try:
        socket.create_connection((host, port), _PATIENCE).close()
    except OSError as error:
        why = error.strerror or error
        raise UsageError(
            f"--on {on}: no Ray cluster at {host}:{port} ({why}): {_START}, or name another"
        ) from error


def _known() -> str:
    """The address that Ray itself would find: of its variable, or of the cluster started here."""
    given = os.environ.get("RAY_ADDRESS", "")
    with suppress(OSError):
        if given in ("", "auto"):
            noted = Path(os.environ.get("RAY_TMPDIR", "/tmp"), "ray", "ray_current_cluster")  # noqa: S108
            given = noted.read_text(encoding="utf-8").strip()
    return given


def _port(address: str) -> tuple[str | None, int | None]:
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        return parts.hostname, parts.port
    except ValueError:  # a port that is no number
        return None, None
