"""Checkpoints for an exact resume: weights, running mean, optimiser state and step, no pickle."""

from __future__ import annotations

from collections.abc import Iterator
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
    """Writes everything that the next step depends on; clips and rates depend on the step alone."""
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
        DataError: the checkpoint is of another method, parameters, preset, shape, start, data,
            recipe or seed; the first difference is named with both sides.
    """
    path = run / NAME
    if not path.exists():
        return 0
    tensors, facts = weights.read(path)
    # Before they were noted there were no parameters, and data was known by its words alone.
    facts = {"parameters": {}, "data_digest": identity["data_digest"], **facts}
    for key, got, wanted in differences({k: facts.get(k) for k in identity}, identity):
        raise DataError(
            f"checkpoint {path} has {key} {got}; this run has {wanted}: "
            "choose another --out, or the same options"
        )
    own = {f"network.{k}": v for k, v in network.state_dict().items()}
    parts = {k: v for k, v in tensors.items() if k.startswith("network.")}
    for name in sorted(own.keys() | parts.keys()):
        a, b = (tuple(x[name].shape) if name in x else "none" for x in (parts, own))
        if a != b:
            raise DataError(f"checkpoint {path}: {name} is {a}; the network expects {b}")
    network.load_state_dict(_part(tensors, "network."))
    if mean is not None:
        mean.load_state_dict(_part(tensors, "mean."))
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in _part(tensors, "optimiser.").items():
        index, slot = name.split(".", 1)
        state.setdefault(int(index), {})[slot] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
    return int(facts["step"])


def differences(a: Any, b: Any, at: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(place, a's, b's) wherever two trees of dicts and lists differ.

    >>> list(differences({"recipe": {"batch": 8, "stages": [1]}}, {"recipe": {"batch": 4}}))
    [('recipe.batch', 8, 4), ('recipe.stages', [1], None)]
    """
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(a.keys() | b.keys()):
            yield from differences(a.get(key), b.get(key), f"{at}.{key}" if at else key)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            yield from differences(x, y, f"{at}[{i}]")
    elif a != b:
        yield at, a, b


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
