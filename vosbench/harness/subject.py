"""The subject of a measurement: a method with its parameters, weights and policy, ready to run."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from vosbench.errors import PluginError, UsageError, unknown
from vosbench.harness import arithmetic
from vosbench.harness.checkpoint import choose
from vosbench.harness.defaults import POLICY, differing
from vosbench.harness.settings import Settings
from vosbench.memory import WritePolicy
from vosbench.model.device import device, ran_out
from vosbench.model.network import Network, preset
from vosbench.model.segmenter import Segmenter, Stage
from vosbench.registry import get
from vosbench.results import UNTRAINED, Cell, canonical


class Named:
    """What names a method in a Record; known before any network is built."""

    method: str
    parameters: dict[str, Any]  # policy included, those that are the method's own left out
    weights: str  # as in a Cell: digest of the file, after "stm:" where swapped, or "untrained"
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

    def cell(self, harness: str, **fields: Any) -> Cell:
        """The cell of a measurement of this method."""
        s = self.settings
        known: dict[str, Any] = {
            "method": self.method, "parameters": canonical(self.parameters), "preset": s.preset,
            "weights": self.weights, "seed": s.seed, "device": s.device,
            "precision": arithmetic.describe(s),
        }  # fmt: skip
        return Cell(harness=harness, **{**known, **fields})


@dataclass(frozen=True)
class Entry(Named):
    """A method as a user asked for it: plain data, from which `prepare` makes a Subject."""

    method: str
    parameters: dict[str, Any]
    weights: str
    settings: Settings
    text: str  # as typed

    @classmethod
    def of(cls, text: str, settings: Settings) -> Entry:
        """Reads what was typed, and the digest of the weights that go with it.

        Raises:
            UsageError: unknown method, policy parameter, preset, device or precision.
            DataError: weights that cannot be read.
        """
        method, parameters = parse(text)
        _, rest = split_policy(get(method).policy, parameters)
        preset(settings.preset)
        device(settings.device)
        arithmetic.check(settings)
        chosen = choose(method, rest, settings)
        label = UNTRAINED if chosen is None else chosen.label(method)
        return cls(method, differing(method, parameters, settings), label, settings, text)


@dataclass(frozen=True, eq=False)
class Subject(Named):
    """A network in inference mode and everything that names it in a Record."""

    method: str
    parameters: dict[str, Any]
    network: Network
    policy: WritePolicy
    weights: str
    settings: Settings

    def segmenter(self, **options: Stage) -> Segmenter:
        """A segmenter for one video."""
        return Segmenter(
            self.network, policy=self.policy, short_side=self.short_side,
            precision=arithmetic.PRECISIONS[self.settings.precision], **options,
        )  # fmt: skip


def parse(text: str) -> tuple[str, dict[str, Any]]:
    """A method and its parameters as typed by a user.

    >>> parse("stm:policy_every=2,key_dim=64")
    ('stm', {'policy_every': 2, 'key_dim': 64})
    """
    name, colon, rest = text.partition(":")
    parameters: dict[str, Any] = {}
    for part in rest.split(",") if colon else ():
        key, equals, given = part.partition("=")
        if not equals:
            raise UsageError(f"method {text!r}: {part!r} is not NAME=VALUE, as in gc:key_dim=512")
        if key.strip() in parameters:
            raise UsageError(f"method {text!r}: {key.strip()} is given twice; give it once")
        parameters[key.strip()] = typed(given)
    return name, parameters


def typed(text: str) -> float | str | bool | None:
    """A parameter's value as typed: a number, a truth value, None or a word.

    >>> [typed(text) for text in ("20", "0.5", "false", "none", "cosine")]
    [20, 0.5, False, None, 'cosine']

    Raises:
        UsageError: anything else that Python knows, as a list, or a number that is not finite.
    """
    plain = text.strip()
    words = {"none": None, "true": True, "false": False}
    if plain.lower() in words:
        return words[plain.lower()]
    try:
        read = ast.literal_eval(plain)
    except (ValueError, SyntaxError):
        return plain
    if not isinstance(read, (int, float, str)) or (isinstance(read, float) and not isfinite(read)):
        raise UsageError(f"{text!r} is no value: expected a finite number, true, false or none")
    return read


def prepare(text: str, settings: Settings) -> Subject:
    """Builds and loads the network of one method.

    Raises:
        UsageError: unknown method, parameter, preset, device or precision; --compile without means;
            parameters that make the network larger than this machine's memory.
        DataError: weights that are damaged or of another network.
    """
    method, parameters = parse(text)
    policy, rest = split_policy(get(method).policy, parameters)
    device(settings.device)
    arithmetic.check(settings)
    network = _built(method, settings, rest)
    chosen = choose(method, rest, settings)
    label = UNTRAINED if chosen is None else chosen.load(network, method, settings.preset, rest)
    arithmetic.apply(network, settings)
    own = differing(method, parameters, settings)
    return Subject(method, own, network, policy, label, settings)


def _built(method: str, settings: Settings, given: dict[str, Any]) -> Network:
    try:
        return Network.build(method, settings.preset, seed=settings.seed, **given)
    except Exception as error:
        cause = error.__cause__ if isinstance(error, PluginError | UsageError) else error
        if not (given and cause and ran_out(cause)):
            raise
        told = ",".join(f"{k}={v}" for k, v in given.items())
        raise UsageError(
            f"the network of {method}:{told} does not fit into this machine's memory: give "
            "smaller values"
        ) from error


def split_policy(
    policy: WritePolicy, parameters: dict[str, Any]
) -> tuple[WritePolicy, dict[str, Any]]:
    """The write policy as parameters change it, and the rest of them, which are the memory's.

    Raises:
        UsageError: a policy parameter that there is not, or that does not fit.
    """
    ours = {k.removeprefix(POLICY): v for k, v in parameters.items() if k.startswith(POLICY)}
    for key in ours:
        if not hasattr(policy, key):
            raise unknown("policy parameter", POLICY + key, [POLICY + k for k in vars(policy)])
    try:
        changed = replace(policy, **ours)
    except (TypeError, ValueError) as error:
        raise UsageError(f"write policy refuses {ours}: {error}") from error
    return changed, {k: v for k, v in parameters.items() if not k.startswith(POLICY)}
