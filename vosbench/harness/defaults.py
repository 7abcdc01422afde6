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
    return {k: v for k, v in parameters.items() if k not in own or v != own[k]}


def noted(method: str, settings: Settings) -> str:
    """The defaults as the stamp of a Record holds them: those that a user can type, as JSON."""
    return canonical({k: v for k, v in defaults(method, settings).items() if _typed(v)})


def _typed(value: object) -> bool:
    return value is None or isinstance(value, int | str) or (
        isinstance(value, float) and isfinite(value)
    )  # fmt: skip
