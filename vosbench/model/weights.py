"""Weights on disk: safetensors only, written whole or not at all, refused where they do not fit."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from vosbench.errors import DataError

_NONE: Mapping[str, object] = MappingProxyType({})
MEMORY = "memory."  # prefix of the memory module's own weights
_KEY = "memory_encoder.key."
_SWAPPED = (MEMORY, _KEY)  # what a network with another memory may lack


def file_name(method: str, preset: str, parameters: Mapping[str, object] = _NONE) -> str:
    """Name of a file of weights, another one for each setting of the memory.

    >>> file_name("gc", "mini"), file_name("gc", "mini", {"key_dim": 128})
    ('gc-mini.safetensors', 'gc-key_dim=128-mini.safetensors')

    Args:
        method: that it is of.
        preset: that it is of.
        parameters: of the memory, where they are not its defaults.
    """
    given = (re.sub(r"[^\w.+=-]", "_", f"{k}={v}") for k, v in sorted(parameters.items()))
    return f"{'-'.join((method, *given, preset))}.safetensors"


def shipped(method: str, preset: str) -> Path | None:
    """The weights that the package carries for a method and a preset, if it does."""
    path = Path(str(files("vosbench") / "weights" / file_name(method, preset)))
    return path if path.is_file() else None


def digest(path: Path) -> str:
    """First 12 hex digits of the file's sha256: names the weights in every record."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def write(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Writes tensors and JSON-able facts, atomically.

    Raises:
        DataError: the file cannot be written (no folder, no rights, a full disk); what was written
            of it is taken away, and an older file of the name stays whole.
    """
    whole = {k: v.detach().cpu().contiguous() for k, v in tensors.items()}
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(save(whole, {"vosbench": json.dumps(facts)}))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise DataError(
            f"weights {path} cannot be written ({error.strerror or error}): expected a folder with "
            "room for them: free it, or choose another --out"
        ) from error


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and facts of a file; nothing is ever unpickled.

    Raises:
        DataError: the file is missing, is not safetensors, or is not ours.
    """
    try:
        with safe_open(path, "pt") as file:
            facts = (file.metadata() or {}).get("vosbench")
            tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise DataError(f"weights {path} cannot be read ({error}): expected safetensors") from error
    if facts is None:
        raise DataError(f"weights {path} carry no vosbench facts: write them with `vosbench train`")
    try:
        parsed = json.loads(facts)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise DataError(f"weights {path}: facts are not a JSON object: write the file anew")
    return tensors, parsed


def load(
    network: nn.Module, path: Path, *, method: str, preset: str, swap: bool = False,
    parameters: Mapping[str, object] = _NONE,
) -> str:  # fmt: skip
    """Loads a file into a network and returns its digest.

    Args:
        network: to be changed.
        path: the file.
        method: that the file must be of.
        preset: that the file must be of.
        swap: the network has another memory than the file's: weights of that memory are left out,
            as is the encoder's key layer where the network takes the query's key; the network's own
            memory keeps its start where the file has nothing of that name.
        parameters: of the network's memory, where they are not its defaults. A file trained with
            such is refused elsewhere; one trained with the defaults fits wherever shapes do.

    Raises:
        DataError: the file is of another method, preset, shape or parameters; both are named.
    """
    tensors, facts = read(path)
    got, wanted = (facts.get("method"), facts.get("preset")), (method, preset)
    if got != wanted:
        raise DataError(
            f"weights {path} are of method {got[0]}, preset {got[1]}; "
            f"expected {wanted[0]}, {wanted[1]}: pass the matching file"
        )
    trained = facts.get("parameters") or {}
    if trained and not swap and trained != dict(parameters):
        raise DataError(
            f"weights {path} were trained with {told(method, trained)}; this is "
            f"{told(method, parameters)}: name the method as it was trained"
        )
    own = network.state_dict()
    if swap:
        tensors = _swapped(tensors, own)
        if any(name.startswith(_KEY) for name in own.keys() - tensors.keys()):
            raise DataError(
                f"weights {path}: {got[0]} takes the query's keys, this memory needs keys of its "
                "own: expected weights of a method that has them, as stm or gc"
            )
    for name in sorted(own.keys() | tensors.keys()):
        a, b = (tuple(x[name].shape) if name in x else "none" for x in (tensors, own))
        if a != b:
            raise DataError(f"weights {path}: {name} is {a}; the network expects {b}")
    network.load_state_dict({k: v.to(torch.float32) for k, v in tensors.items()})
    return digest(path)


def told(method: str, parameters: Mapping[str, object]) -> str:
    """A method as a user types it.

    >>> told("gc", {}), told("gc_ema", {"rate": 0.3, "key_dim": 32})
    ('gc', 'gc_ema:rate=0.3,key_dim=32')
    """
    return ":".join(filter(None, (method, ",".join(f"{k}={v}" for k, v in parameters.items()))))


def _swapped(tensors: dict[str, Tensor], own: dict[str, Tensor]) -> dict[str, Tensor]:
    """The file's tensors without what the network's memory makes idle, and with what it adds."""
    kept = {k: v for k, v in tensors.items() if k in own or not k.startswith(_SWAPPED)}
    started = {k: v for k, v in own.items() if k.startswith(MEMORY) and k not in tensors}
    return kept | started
