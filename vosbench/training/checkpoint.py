"""Checkpoints for an exact resume: weights, running mean, optimiser state and step, no pickle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from vosbench.errors import DataError
from vosbench.model import weights

NAME = "checkpoint.safetensors"


def save(
    run: Path,
    network: nn.Module,
    mean: nn.Module | None,
    optimiser: Optimizer,
    step: int,
    identity: dict[str, Any],
) -> None:
    """Writes everything that the next step depends on; clips depend on (seed, index) alone."""
    tensors = {f"network.{k}": v for k, v in network.state_dict().items()}
    if mean is not None:
        tensors |= {f"mean.{k}": v for k, v in mean.state_dict().items()}
    for index, slots in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{k}": torch.as_tensor(v) for k, v in slots.items()}
    weights.write(run / NAME, tensors, {**identity, "step": step})


def resume(
    run: Path,
    network: nn.Module,
    mean: nn.Module | None,
    optimiser: Optimizer,
    identity: dict[str, Any],
) -> int:
    """Restores a run's last checkpoint and returns the step to go on from (0 if there is none).

    Raises:
        DataError: the checkpoint is of another method, preset, recipe or seed; both are named.
    """
    path = run / NAME
    if not path.exists():
        return 0
    tensors, facts = weights.read(path)
    for key, wanted in identity.items():
        if facts.get(key) != wanted:
            raise DataError(
                f"checkpoint {path} has {key} {facts.get(key)}; this run has {wanted}: "
                "choose another --out, or the same options"
            )
    network.load_state_dict(_part(tensors, "network."))
    if mean is not None:
        mean.load_state_dict(_part(tensors, "mean."))
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in _part(tensors, "optimiser.").items():
        index, slot = name.split(".", 1)
        state.setdefault(int(index), {})[slot] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
    return int(facts["step"])


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
