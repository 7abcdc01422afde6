"""Which weights a method runs with: its own, those of another method, or random ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from vosbench import registry
from vosbench.errors import DataError, PluginError, UsageError
from vosbench.harness.settings import Settings
from vosbench.memory import Memory
from vosbench.model import weights
from vosbench.model.network import changed, preset

ALL = "all"  # in place of a method's name: every registered one
TRAINED = "trained"  # likewise: every one that has weights for the preset
FIRST = ("gc", "stm", "stcn")  # of these, what a run takes that names none: it ends in minutes


@dataclass(frozen=True)
class Checkpoint:
    """A file of weights and the method that was trained with it."""

    path: Path
    method: str

    def label(self, method: str) -> str:
        """How a Record of `method` names the weights: ``stm:`` before the digest after a swap.

        Raises:
            DataError: the file cannot be read.
        """
        return self._named(method, self._digest())

    def load(
        self, network: nn.Module, method: str, preset_name: str, parameters: Mapping[str, Any]
    ) -> str:
        """Loads the file into the network of `method` with parameters; returns the label.

        Raises:
            DataError: the file is damaged or does not fit.
        """
        digest = weights.load(
            network, self.path, method=self.method, preset=preset_name, swap=self.method != method,
            parameters=changed(method, preset_name, parameters),
        )  # fmt: skip
        return self._named(method, digest)

    def _named(self, method: str, digest: str) -> str:
        return digest if method == self.method else f"{self.method}:{digest}"

    def _digest(self) -> str:
        try:
            return weights.digest(self.path)
        except OSError as error:
            reason = error.strerror or error
            raise DataError(
                f"weights {self.path} cannot be read ({reason}); expected a safetensors file, a "
                "folder of METHOD-PRESET.safetensors or a method with shipped weights: check "
                "--weights"
            ) from error


def choose(method: str, parameters: Mapping[str, Any], settings: Settings) -> Checkpoint | None:
    """The weights of a method; None for random ones.

    "auto" takes the shipped ones where `parameters` leave every weight its shape. A method's name
    takes that method's shipped weights for all: a zero-shot swap of the memory.

    Raises:
        UsageError: parameters that the method does not have or refuses.
        DataError: the weights of a method that has none shipped for the preset.
    """
    given, name = settings.weights, settings.preset
    if given == "none":
        return None
    if given == "auto":
        path = weights.shipped(method, name)
        fits = path is not None and _keeps_shapes(method, dict(parameters), name)
        return Checkpoint(path, method) if path is not None and fits else None
    if given in registry.methods():  # a folder or file of that name is ./gc
        return _of_method(given, name)
    path = Path(given)
    if path.is_dir():
        return Checkpoint(_in_folder(path, method, name, parameters), method)
    return Checkpoint(path, method)


def named(methods: tuple[str, ...], preset_name: str, given: str) -> tuple[str, ...]:
    """The methods of a run: those named, "all" as every registered one, "trained" as those that
    have weights for the preset, in the folder that is `given` or shipped.

    Without any, the trained ones of a folder, or the first ones of the shipped.

    Raises:
        UsageError: none is named, or "trained" is, and none has weights for the preset.
    """
    folder = Path(given) if given not in registry.methods() and Path(given).is_dir() else None
    words = {ALL: tuple(registry.methods()), TRAINED: trained(preset_name, folder)}
    if not words[TRAINED] and TRAINED in (methods or (TRAINED,)):
        raise UsageError(
            f"no method has weights for preset {preset_name}: name methods, as in "
            f"--methods gc,stm, or --methods {ALL}"
        )
    if not methods:
        first = () if folder else tuple(m for m in FIRST if m in words[TRAINED])
        return first or words[TRAINED]
    return tuple(dict.fromkeys(m for given in methods for m in words.get(given, (given,))))


def trained(preset_name: str, folder: Path | None = None) -> tuple[str, ...]:
    """Methods with weights for a preset, shipped or in a folder."""
    preset(preset_name)

    def has(method: str) -> bool:
        if folder is None:
            return weights.shipped(method, preset_name) is not None
        return (folder / weights.file_name(method, preset_name)).is_file()

    return tuple(method for method in registry.methods() if has(method))


def _in_folder(folder: Path, method: str, preset_name: str, parameters: Mapping[str, Any]) -> Path:
    """The file trained with these parameters, else the one trained with the method's own."""
    usual = folder / weights.file_name(method, preset_name)
    if method not in registry.methods():
        return usual
    given = changed(method, preset_name, parameters)
    own = folder / weights.file_name(method, preset_name, given)
    return own if own.is_file() else usual


def _of_method(method: str, preset_name: str) -> Checkpoint:
    path = weights.shipped(method, preset_name)
    if path is None:
        have = ", ".join(trained(preset_name)) or "none"
        raise DataError(
            f"--weights {method}: method {method} has no shipped weights for preset {preset_name} "
            f"(those that have: {have}): name one of them, a file or a folder"
        )
    return Checkpoint(path, method)


def _keeps_shapes(method: str, parameters: dict[str, Any], preset_name: str) -> bool:
    """Whether a network with these parameters has the weights that it has by default.

    All that a memory decides of the layers around it are its widths and whose keys it takes.
    """
    shape = preset(preset_name)
    for name in ("key_dim", "value_dim"):
        if parameters.pop(name, getattr(shape, name)) != getattr(shape, name):
            return False
    try:
        own, changed = (
            registry.build(method, shape.key_dim, shape.value_dim, **given)
            for given in ({}, parameters)
        )
    except PluginError:  # told where the method is built to be measured
        return False
    return _shapes(own) == _shapes(changed)


def _shapes(memory: Memory) -> object:
    tensors = {name: tuple(x.shape) for name, x in memory.state_dict().items()}
    return memory.key_dim, memory.value_dim, memory.key_scope, tensors
