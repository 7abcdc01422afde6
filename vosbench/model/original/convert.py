"""Public checkpoints to our weights. Nothing is unpickled but tensors, and everything must fit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Size, Tensor

from vosbench.errors import DataError, unknown
from vosbench.model import weights
from vosbench.model.network import Network, preset
from vosbench.model.original.names import ENCODERS, layer

PRESET = {"stm": "stm_original"}  # method -> the preset of its authors' network
KINDS = ("weight", "bias")
UNUSED = "num_batches_tracked"  # a counter of batch norms in training


def convert(method: str, checkpoint: Path, out: Path) -> Path:
    """Converts the authors' checkpoint of a method into weights for the method's own preset.

    Args:
        method: "stm": https://github.com/seoungwug/STM, file STM_weights.pth.
        checkpoint: as `torch.save` wrote it.
        out: file of weights to write, or a folder for METHOD-PRESET.safetensors.

    Returns:
        The file written.

    Raises:
        UsageError: no checkpoint of this method is known.
        DataError: the file holds anything but the tensors of that network, or cannot be written.
    """
    if method not in PRESET:
        raise unknown("method to convert", method, PRESET)
    name = PRESET[method]
    tensors = _convert(Checkpoint(checkpoint, _read(checkpoint)), method, name)
    source = {"file": checkpoint.name, "sha256_first_12": weights.digest(checkpoint)}
    path = out / f"{method}-{name}.safetensors" if out.is_dir() else out
    weights.write(path, tensors, {"method": method, "preset": name, "converted_from": source})
    return path


@dataclass
class Checkpoint:
    """The tensors of a file that are not yet taken."""

    path: Path
    left: dict[str, Tensor]

    def take(self, name: str, shape: Size) -> Tensor:
        """The tensor `name` in double precision, which must be there, of this shape and finite."""
        found = self.left.pop(name, None)
        got = "missing" if found is None else f"{found.dtype} {tuple(found.shape)}"
        if found is None or found.shape != shape or not found.is_floating_point():
            raise self._misfit(f"{name} is {got}; expected floating-point {tuple(shape)}")
        if not found.isfinite().all():
            raise self._misfit(f"{name} holds values that are not finite")
        return found.double()

    def expect(self, name: str, values: tuple[float, ...]) -> None:
        """Takes a constant, which must be the one that we use."""
        got = tuple(self.take(name, Size([1, len(values), 1, 1])).flatten().tolist())
        if any(abs(a - b) > 1e-6 for a, b in zip(got, values, strict=True)):
            raise self._misfit(f"{name} is {got}; expected {values}")

    def finish(self) -> None:
        """Refuses a file that holds more than was taken."""
        more = sorted(name for name in self.left if name.rpartition(".")[2] != UNUSED)
        if more:
            raise self._misfit(f"{len(more)} tensors belong to no layer, first {more[0]}")

    def _misfit(self, what: str) -> DataError:
        return DataError(f"checkpoint {self.path}: {what}: pass the authors' file of this network")


@cache
def _shapes(method: str, name: str) -> dict[str, Size]:
    """Of every tensor in our network, without its weights."""
    with torch.device("meta"):
        return {k: v.shape for k, v in Network.build(method, name).state_dict().items()}


def _convert(checkpoint: Checkpoint, method: str, name: str) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for key, shape in _shapes(method, name).items():
        ours, _, kind = key.rpartition(".")
        if kind == "weight":
            pair = layer(ours, shape, checkpoint.take)
            tensors |= {f"{ours}.{k}": x.float() for k, x in zip(KINDS, pair, strict=True)}
    for encoder in ENCODERS:
        checkpoint.expect(f"{encoder}.mean", preset(name).mean)
        checkpoint.expect(f"{encoder}.std", preset(name).std)
    checkpoint.finish()
    return tensors


def _read(path: Path) -> dict[str, Tensor]:
    """Tensors by name, the prefix that nn.DataParallel puts before every name taken off."""
    try:
        found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file fails in many ways, a pickle of code in one
        reason = getattr(error, "strerror", None) or type(error).__name__  # torch's own is a page
        raise DataError(
            f"checkpoint {path} cannot be read ({reason}): "
            "expected tensors by name as torch.save writes them, and nothing else"
        ) from error
    if not isinstance(found, dict) or not all(
        isinstance(k, str) and isinstance(v, Tensor) for k, v in found.items()
    ):
        raise DataError(f"checkpoint {path} is no dictionary of tensors by name: pass the file of "
                        "a state dict")  # fmt: skip
    wrapped = all(name.startswith("module.") for name in found)
    return {name.removeprefix("module.") if wrapped else name: x for name, x in found.items()}
