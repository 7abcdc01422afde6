"""How much of a node a cell takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vosbench.errors import UsageError
from vosbench.harness import speed
from vosbench.harness.settings import Settings

Nodes = Iterable[Mapping[str, Any]]  # as `ray.nodes()` has them


@dataclass(frozen=True)
class Share:
    """What Ray is told that a cell needs, all on one node."""

    cpus: int
    gpus: int
    threads: int  # CPU threads of torch
    beside: bool  # whether other cells may run on the node

    def fits(self, nodes: Nodes) -> bool:
        """Whether some node is large enough, busy or not."""
        return any(n["CPU"] >= self.cpus and n["GPU"] >= self.gpus for n in _alive(nodes))

    @property
    def lost(self) -> str:
        """One line for when no node is any more."""
        return (
            f"no node of the Ray cluster has {self.cpus} CPUs and {self.gpus} GPUs any more; "
            "what was measured is in the store, the same command goes on"
        )


def beside(settings: Settings, nodes: Nodes) -> Share:
    """The share of a cell whose numbers no neighbour can move.

    One CPU, or its part of the threads where both threads and workers were asked for, as locally.
    On CUDA a whole GPU: how much of its memory a method takes is not known before it has run.

    Raises:
        UsageError: no node has that.
    """
    threads = max(1, settings.threads // settings.workers) if settings.workers else 1
    share = Share(threads, int(settings.device != "cpu"), threads, beside=True)
    return _checked(share, settings, nodes)


def alone(settings: Settings, nodes: Nodes) -> Share:
    """A whole node: the largest, with every CPU, and on CUDA every GPU, declared as taken.

    Seconds and bytes are moved by whatever else runs there: neighbours on other cores share its
    caches, its memory's bandwidth, its clock and its power, on another GPU the bus. So a CPU less
    than all would let Ray put a cell beside it. All are used as an exclusive resource would be, but
    without anybody having to start nodes with one.

    The threads are those that the cell's protocol names.

    Raises:
        UsageError: no node has that.
    """
    cuda = settings.device != "cpu"
    largest = max(_alive(nodes), key=lambda n: (n["GPU"] * cuda, n["CPU"]), default={})
    cpus, gpus = int(largest.get("CPU", 1)), int(largest.get("GPU", 0)) if cuda else 0
    share = Share(max(1, cpus), max(gpus, int(cuda)), speed.threads(settings), beside=False)
    return _checked(share, settings, nodes)


def _checked(share: Share, settings: Settings, nodes: Nodes) -> Share:
    if not share.fits(nodes):
        given = f"--device {settings.device} --threads {settings.threads}"
        raise UsageError(
            f"{given}: no node of the Ray cluster has {share.cpus} CPUs and {share.gpus} GPUs: "
            "ask for less, or start such a node with ray start"
        )
    return share


def _alive(nodes: Nodes) -> list[dict[str, float]]:
    found = [node["Resources"] for node in nodes if node["Alive"]]
    return [{kind: float(has.get(kind, 0)) for kind in ("CPU", "GPU")} for has in found]
