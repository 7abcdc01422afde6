"""What a training starts from: ImageNet, nothing, or weights of its own or of another method."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from vosbench.errors import DataError
from vosbench.model import weights
from vosbench.model.network import Network, preset
from vosbench.training import imagenet

WORDS = ("imagenet", "none")  # in place of a file


class Start(NamedTuple):
    """A network before its first step."""

    network: Network
    name: str  # in checkpoints: a word, a digest, or "gc:" and a digest of another method's weights
    told: str = ""  # what another method's weights gave and lacked; empty elsewhere


def start(
    method: str, preset_name: str, parameters: Mapping[str, Any], given: str, seed: int,
    key_scale: float = 1.0,
) -> Start:  # fmt: skip
    """The network of a method at its start.

    Of weights of another method all is taken that the network has a place for: the encoders with
    their key and value projections, the decoder, and what the two memories have in common. Weights
    of the memory that the file lacks start fresh from the seed. Anything else must fit.

    Args:
        method: to be trained.
        preset_name: shape of the encoder-decoder.
        parameters: of the memory, where they are not its defaults.
        given: "imagenet", "none" or a file of weights.
        seed: of everything that is random.
        key_scale: of the keys, where the weights are of another method.

    Raises:
        DataError: the file is damaged, of another preset, of other parameters of the same method,
            or has a tensor that does not fit; both sides are named.
    """
    first = imagenet.start(preset(preset_name).backbone) if given == "imagenet" else None
    network = Network.build(method, preset_name, seed=seed, start=first, **parameters)
    if given in WORDS:
        return Start(network, given)
    path = Path(given)
    tensors, facts = weights.read(path)
    owner = facts.get("method")
    if owner == method or not isinstance(owner, str):
        digest = weights.load(
            network, path, method=method, preset=preset_name, parameters=parameters
        )
        return Start(network, digest)
    digest = _swap(network, path, facts, method, preset_name, parameters)
    for parameter in network.key_weights():
        parameter.data *= key_scale
    own = network.state_dict().keys()
    told = _told(weights.told(method, parameters), own - tensors.keys(), tensors.keys() - own)
    told += "" if key_scale == 1 else f"; keys and queries times {key_scale:g}"
    return Start(network, f"{owner}:{digest}", f"start: {path}, weights of {_owner(facts)}; {told}")


def _swap(
    network: Network, path: Path, facts: dict[str, Any], method: str, preset_name: str,
    parameters: Mapping[str, Any],
) -> str:  # fmt: skip
    """Loads weights of another method and returns their digest."""
    wanted = f"{weights.told(method, parameters)}, preset {preset_name}"
    if facts.get("preset") != preset_name:
        raise DataError(
            f"weights {path} are of {_owner(facts)}; this is a training of {wanted}: "
            "pass weights of that preset"
        )
    try:
        return weights.load(network, path, method=facts["method"], preset=preset_name, swap=True)
    except DataError as error:
        raise DataError(
            f"{wanted}, cannot start from weights of {_owner(facts)}: {error}"
        ) from error


def _owner(facts: Mapping[str, Any]) -> str:
    trained = weights.told(facts["method"], facts.get("parameters") or {})
    return f"{trained}, preset {facts.get('preset')}"


def _told(method: str, fresh: set[str], left: set[str]) -> str:
    """Which weights are new and which have no place, in words.

    >>> _told("livos", {"memory.gate.weight", "memory.gate.bias"}, set())
    'new in livos: memory.gate.bias, memory.gate.weight; all of the file is taken over'
    >>> _told("stcn", set(), {"memory_encoder.key.bias"})
    'new in stcn: nothing; left out: memory_encoder.key.bias'
    """
    new = f"new in {method}: {', '.join(sorted(fresh)) or 'nothing'}"
    if not left:
        return f"{new}; all of the file is taken over"
    return f"{new}; left out: {', '.join(sorted(left))}"
