"""The subject of a measurement: a method with its parameters, weights and policy, ready to run."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from vosbench.errors import UsageError, unknown
from vosbench.harness.settings import Settings
from vosbench.memory import WritePolicy
from vosbench.model import weights
from vosbench.model.network import Network, preset
from vosbench.model.segmenter import Segmenter, Stage
from vosbench.registry import get
from vosbench.results import UNTRAINED, Cell, canonical

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
POLICY = "policy_"  # prefix of a parameter that goes to the write policy


@dataclass(frozen=True, eq=False)
class Subject:
    """A network in inference mode and everything that names it in a Record."""

    method: str
    parameters: dict[str, Any]  # as the user gave them, policy included
    network: Network
    policy: WritePolicy
    weights: str  # digest of the file, or "untrained"
    settings: Settings

    @property
    def name(self) -> str:
        """Method and parameters as a folder's name."""
        extra = ",".join(f"{k}={v}" for k, v in sorted(self.parameters.items()))
        return f"{self.method}:{extra}" if extra else self.method

    @property
    def short_side(self) -> int:
        """Frames are scaled to this short side."""
        return self.settings.short_side or preset(self.settings.preset).short_side

    def segmenter(self, **options: Stage) -> Segmenter:
        """A segmenter for one video."""
        return Segmenter(
            self.network, policy=self.policy, short_side=self.short_side,
            precision=PRECISIONS[self.settings.precision], **options,
        )  # fmt: skip

    def cell(self, harness: str, **fields: Any) -> Cell:
        """The cell of a measurement of this subject."""
        s = self.settings
        known: dict[str, Any] = {
            "method": self.method, "parameters": canonical(self.parameters), "preset": s.preset,
            "weights": self.weights, "seed": s.seed, "device": s.device, "precision": s.precision,
        }  # fmt: skip
        return Cell(harness=harness, **{**known, **fields})


def parse(text: str) -> tuple[str, dict[str, Any]]:
    """A method and its parameters as typed by a user.

    >>> parse("stm:policy_every=2,key_dim=64")
    ('stm', {'policy_every': 2, 'key_dim': 64})
    """
    name, _, rest = text.partition(":")
    parameters = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise UsageError(f"method {text!r}: {part!r} is not NAME=VALUE, as in gc:key_dim=512")
        try:
            parameters[key.strip()] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            parameters[key.strip()] = value
    return name, parameters


def prepare(text: str, settings: Settings) -> Subject:
    """Builds and loads the network of one method.

    Raises:
        UsageError: unknown method, parameter, preset, device or precision.
        DataError: weights that are damaged or of another network.
    """
    method, parameters = parse(text)
    policy, rest = _policy(get(method).policy, parameters)
    if settings.precision not in PRECISIONS:
        raise unknown("precision", settings.precision, PRECISIONS)
    network = Network.build(method, settings.preset, seed=settings.seed, **rest)
    digest = UNTRAINED
    path = _weights(method, settings, changed=bool(rest))
    if path is not None:
        digest = weights.load(network, path, method=method, preset=settings.preset)
    network.to(device(settings.device), memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Subject(method, parameters, network, policy, digest, settings)


def device(name: str) -> torch.device:
    """The torch device called `name`; a UsageError names what this machine has if it is not one."""
    have = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    if (name == "cuda" and len(have) > 1) or name in have:
        return torch.device(name)
    raise unknown("device", name, have)


def _policy(policy: WritePolicy, parameters: dict[str, Any]) -> tuple[WritePolicy, dict[str, Any]]:
    ours = {k.removeprefix(POLICY): v for k, v in parameters.items() if k.startswith(POLICY)}
    for key in ours:
        if not hasattr(policy, key):
            raise unknown("policy parameter", POLICY + key, [POLICY + k for k in vars(policy)])
    try:
        changed = replace(policy, **ours)
    except (TypeError, ValueError) as error:
        raise UsageError(f"write policy refuses {ours}: {error}") from error
    return changed, {k: v for k, v in parameters.items() if not k.startswith(POLICY)}


def _weights(method: str, settings: Settings, *, changed: bool) -> Path | None:
    """The file to load: none for random weights, nor where parameters change the shipped shape."""
    if settings.weights == "none":
        return None
    if settings.weights == "auto":
        return None if changed else weights.shipped(method, settings.preset)
    path = Path(settings.weights)
    file = path / f"{method}-{settings.preset}.safetensors" if path.is_dir() else path
    return file
