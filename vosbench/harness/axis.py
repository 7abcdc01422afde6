"""An axis of an ablation: one thing that is varied, as typed.

``SCOPE.NAME=VALUE,VALUE,...``. The scope is a method (NAME a parameter of it, key_dim, value_dim,
or every, keep_first, include_previous of its write policy), ``policy`` (the write policy of every
method of the run), ``run`` (size, precision, preset, weights or seed) or ``data`` (an option of the
synthetic set, as objects). ``none`` is None; 0 and 1 are truth values where the parameter is one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from vosbench import registry
from vosbench.data.synthetic.options import Options
from vosbench.errors import UsageError, unknown
from vosbench.harness.defaults import POLICY, cast
from vosbench.harness.subject import typed
from vosbench.memory import WritePolicy

RUN = {"size": "short_side", "precision": "precision", "preset": "preset", "weights": "weights",
       "seed": "seed"}  # fmt: skip
_NUMBERS = ("size", "seed")  # of RUN: whole numbers
DIMS = ("key_dim", "value_dim")
_POLICY = {field.name: field.default for field in fields(WritePolicy)}
_DATA = [field.name for field in fields(Options)]
COMMON = ("policy", "run", "data")


@dataclass(frozen=True)
class Axis:
    """One thing that is varied."""

    scope: str  # a method, "policy", "run" or "data"
    name: str  # as `parse` of a method knows it: write-policy fields begin with "policy_"
    values: tuple[Any, ...]

    @classmethod
    def of(cls, text: str) -> Axis:
        """Reads an axis as typed.

        Raises:
            UsageError: it does not parse, or names what there is not: the nearest names are said.
        """
        left, equals, right = text.partition("=")
        scope, dot, name = left.partition(".")
        values = tuple(filter(None, right.split(",")))
        if not (equals and dot and name and values):
            raise UsageError(
                f"--grid {text!r}: expected METHOD.PARAMETER=VALUE,VALUE or policy., run. or "
                "data. in place of the method, as in stm.every=1,2,5"
            )
        return cls(scope, *_named_values(scope, name, values))


def _named_values(
    scope: str, name: str, values: tuple[str, ...]
) -> tuple[str, tuple[Any, ...]]:  # fmt: skip
    """The parameter's name and values, as what they are of takes them."""
    if scope == "run":
        if name not in RUN:
            raise unknown("setting of a run", name, RUN)
        low = 16 if name == "size" else 0
        return name, tuple(_whole(scope, name, v, low) if name in _NUMBERS else v for v in values)
    if scope == "data":
        if name not in _DATA:
            raise unknown("option of synthetic", name, _DATA)
        return name, values
    own = {} if scope == "policy" else _parameters(scope)
    known = _POLICY | own
    if name not in known:
        kind = "field of the write policy" if scope == "policy" else f"parameter of {scope}"
        raise unknown(kind, name, known)
    read = tuple(_value(scope, name, v, known[name]) for v in values)
    return (name if name in own else POLICY + name), read


def _parameters(method: str) -> dict[str, Any]:
    if method not in registry.methods():
        raise unknown("method", method, [*registry.methods(), *COMMON])
    return dict.fromkeys(DIMS, 0) | registry.parameters(method)


def _value(scope: str, name: str, text: str, default: object) -> Any:
    if name in DIMS:
        return _whole(scope, name, text, 1)
    value = typed(text)
    return cast(value, default) if isinstance(default, bool) else value


def _whole(scope: str, name: str, text: str, low: int) -> int:
    if not text.isdecimal() or int(text) < low:
        raise UsageError(f"--grid {scope}.{name}: {text!r}; expected a whole number from {low} on")
    return int(text)
