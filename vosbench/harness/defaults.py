"""What a method's parameters are where nobody sets them, its write policy's included."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from vosbench import registry
from vosbench.harness.settings import Settings
from vosbench.model.network import usual
from vosbench.results import canonical

POLICY = "policy_"  # prefix of a parameter that goes to the write policy


def defaults(method: str, settings: Settings) -> dict[str, Any]:
    """Every parameter of a method with its own value; the widths are the preset's."""
    policy = vars(registry.get(method).policy)
    return usual(method, settings.preset) | {POLICY + name: x for name, x in policy.items()}


def differing(method: str, parameters: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The parameters that are not the method's own anyway: a run by default is one cell, named or
    not.
    """
    own = defaults(method, settings)
    alike = {k: cast(v, own[k]) if k in own else v for k, v in parameters.items()}
    return {k: v for k, v in alike.items() if k not in own or v != own[k]}


def cast(value: Any, default: object) -> Any:
    """A number as its default is written, where that is the same number: equal settings are equal
    in a Record.

    >>> cast(0, True), cast(1, 0.5), cast(64.0, 20), cast(0.5, 20), cast(None, 20)
    (False, 1.0, 64, 0.5, None)
    """
    kind = type(default)
    number = isinstance(value, int | float) and abs(value) <= 2**53  # else no float holds it
    return kind(value) if kind in (bool, int, float) and number and kind(value) == value else value


def noted(method: str, settings: Settings) -> str:
    """The defaults as the stamp of a Record holds them: those that a user can type, as JSON."""
    return canonical({k: v for k, v in defaults(method, settings).items() if _typed(v)})


def _typed(value: object) -> bool:
    return value is None or isinstance(value, int | str) or (
        isinstance(value, float) and isfinite(value)
    )  # fmt: skip
