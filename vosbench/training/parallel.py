"""Devices, processes and precision of a training run, through Lightning Fabric."""

from __future__ import annotations

import os

import torch
from lightning_fabric import Fabric

from vosbench.errors import DataError, UsageError, one_line, unknown
from vosbench.model.device import device as known_device

PRECISIONS = {"32": "32-true", "bf16-mixed": "bf16-mixed"}
SEVERAL = "ddp_find_unused_parameters_true"  # a memory may leave some of the encoders' heads unused


def fabric(
    device: str, precision: str, devices: int | None, nodes: int | None, batch: int
) -> Fabric:
    """The Fabric of a run; `launch` starts its processes.

    Under `torchrun` and `fabric run` the launcher says how many processes there are; without one,
    Fabric starts those of this machine itself.

    Args:
        device: "cpu", "cuda" or, for one process, "cuda:1".
        precision: a name in `PRECISIONS`.
        devices: processes on each node; None = what the launcher started, 1 without a launcher.
        nodes: machines; None likewise.
        batch: clips of a step, which the processes share evenly.

    Raises:
        UsageError: options that do not fit each other or this machine.
    """
    if precision not in PRECISIONS:
        raise unknown("precision", precision, PRECISIONS)
    known_device(device)
    kind, _, index = device.partition(":")
    local, nodes = _processes(devices, nodes)
    world = local * nodes
    if index and world > 1:
        raise UsageError(f"--device {device} is one device; for {world} processes give {kind}")
    if kind == "cuda" and local > torch.cuda.device_count():
        raise UsageError(f"--devices {local}: this machine has {torch.cuda.device_count()} GPUs")
    if batch % world:
        raise UsageError(f"{world} processes cannot share {batch} clips evenly: change --devices")
    told = _by_fabric_run()  # it has told Fabric already, which refuses to be told again
    try:
        return Fabric(
            accelerator=kind, devices="auto" if told else [int(index)] if index else local,
            num_nodes=1 if told else nodes, precision=PRECISIONS[precision],  # type: ignore[arg-type]
            strategy=SEVERAL if world > 1 else "auto",
        )  # fmt: skip
    except (ValueError, RuntimeError) as error:
        raise UsageError(f"Lightning Fabric refuses these options: {one_line(error)}") from error


def launch(fabric: Fabric) -> None:
    """Starts the other processes, or joins them where a launcher has started them."""
    if not _by_fabric_run():  # which has launched the Fabric as well
        fabric.launch()


def agreed(fabric: Fabric, step: int) -> int:
    """The step to go on from, which every process must have read from the same checkpoint.

    Raises:
        DataError: this one has not read the first one's.
    """
    first = fabric.broadcast(step)
    if first != step:
        raise DataError(
            f"this process found a checkpoint of step {step}, the first one of step {first}: "
            "--out must be one folder that every node sees"
        )
    return step


def _by_fabric_run() -> bool:
    return "LT_CLI_USED" in os.environ


def _processes(devices: int | None, nodes: int | None) -> tuple[int, int]:
    """Processes on each node, and nodes: the launcher's, or else as asked for."""
    if "LOCAL_WORLD_SIZE" in os.environ:
        local = int(os.environ["LOCAL_WORLD_SIZE"])
        launched = local, int(os.environ["WORLD_SIZE"]) // local
        for option, asked, found in zip(
            ("--devices", "--nodes"), (devices, nodes), launched, strict=True
        ):
            if asked not in (None, found):
                raise UsageError(f"{option} {asked}: the launcher started {found}; leave it out")
        return launched
    if (nodes or 1) > 1 and "NODE_RANK" not in os.environ and "SLURM_JOB_ID" not in os.environ:
        raise UsageError(
            f"--nodes {nodes}: start each node with torchrun --nnodes {nodes} --nproc-per-node "
            "DEVICES --rdzv-backend c10d --rdzv-endpoint HOST:29400 -m vosbench train ..."
        )
    return devices or 1, nodes or 1
