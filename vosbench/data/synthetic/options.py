"""Options of the synthetic set, as typed: ``length=500,objects=4,size=240x432,seed=1``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from vosbench.data.synthetic.scenarios import SCENARIOS
from vosbench.errors import UsageError, unknown

DEFAULT_SCENARIOS = tuple(name for name in SCENARIOS if name != "crowd")


@dataclass(frozen=True)
class Options:
    """What the user may set; each field is an option's name."""

    length: int = 24  # frames of each video
    objects: int | None = None  # to segment in each video; None: each scenario's own number
    size: tuple[int, int] = (240, 432)  # height, width
    seed: int = 0  # another seed, other creatures on other paths
    count: int = 1  # videos of each scenario: of seeds seed, seed + 1, ...
    scenario: tuple[str, ...] = DEFAULT_SCENARIOS  # joined by +


def parse_options(text: str) -> Options:
    """Options from text; UsageError for one that is unknown, repeated or out of range.

    >>> parse_options("length=100,scenario=crowd").length
    100
    """
    options = Options()
    seen: set[str] = set()
    for piece in filter(None, text.split(",")):
        name, _, value = piece.partition("=")
        if name not in _PARSERS:
            raise unknown("option of synthetic", name, _PARSERS)
        if name in seen:
            raise UsageError(f"synthetic: option {name} is given twice; keep one")
        seen.add(name)
        options = replace(options, **{name: _PARSERS[name](name, value)})
    return options


def spec_of(options: Options) -> str:
    """The shortest spec that gives these options: what a data set is called in results.

    >>> spec_of(Options(length=500, size=(480, 854)))
    'synthetic:length=500,size=480x854'
    """
    changed = []
    for field in fields(options):
        value = getattr(options, field.name)
        if value != field.default:
            joined = {"size": "x", "scenario": "+"}.get(field.name, "")
            words = map(str, value) if isinstance(value, tuple) else [str(value)]
            changed.append(f"{field.name}={joined.join(words)}")
    return "synthetic" + (":" if changed else "") + ",".join(changed)


def _whole(low: int, high: int) -> Callable[[str, str], int]:
    def parse(name: str, value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,10}", value) or not low <= int(value) <= high:
            raise _refusal(name, value, f"a whole number from {low} to {high}")
        return int(value)

    return parse


def _size(name: str, value: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,4})x([0-9]{1,4})", value)
    size = (int(found[1]), int(found[2])) if found else (0, 0)
    if not all(32 <= side <= 4096 for side in size):
        raise _refusal(name, value, "HEIGHTxWIDTH in pixels, each from 32 to 4096, as 240x432")
    return size


def _scenarios(_name: str, value: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(value.split("+")))
    for name in names:
        if name not in SCENARIOS:
            raise unknown("scenario", name, SCENARIOS)
    return names


def _refusal(name: str, value: str, expected: str) -> UsageError:
    return UsageError(f"synthetic:{name}={value}: expected {expected}: change the option")


_PARSERS: dict[str, Callable[[str, str], Any]] = {
    "length": _whole(1, 1_000_000),
    "objects": _whole(1, 64),
    "size": _size,
    "seed": _whole(0, 2**31 - 1),
    "count": _whole(1, 10_000),
    "scenario": _scenarios,
}
