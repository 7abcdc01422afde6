"""Settings: what two numbers must share before they may stand in one column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from vosbench.results import UNTRAINED
from vosbench.results.cell import short_side

UNTRAINED_TEXT = "untrained weights"

_ACCURACY = ["dataset", "protocol", "preset", "seed", "device", "precision", "tool"]
_COUNT = ["preset", "size", "objects", "precision", "dataset", "sequence", "protocol", "device",
          "seed", "tool"]  # fmt: skip
_SPEED = [*_COUNT, "device_name", "machine"]
_SCALING = [key for key in _COUNT if key not in ("size", "objects", "sequence")]
_KEYS = {"accuracy": _ACCURACY, "flops": _COUNT, "growth": _COUNT, "speed": _SPEED,
         "scaling": _SCALING}  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """One value per field that numbers of one column share; "" where the field does not apply."""

    harness: str
    dataset: str
    protocol: str
    preset: str
    size: str  # for accuracy: every frame size of the sequences
    objects: int
    sequence: str
    seed: int
    device: str
    device_name: str  # for accuracy these two are where most of it ran: sequences may be spread
    machine: str
    precision: str
    tool: str

    @property
    def hardware(self) -> str:
        """The device by name: "cuda, Tesla P40" or the machine's processor and cores."""
        if self.device.startswith("cpu"):
            return self.machine or "CPU"
        return f"{self.device}, {self.device_name}".rstrip(", ")

    def describe(self, like: Setting | None = None) -> str:
        """All of it in one line, protocol last because it may be a sentence.

        Args:
            like: what this setting shares with that one is left out, the protocol never.
        """
        parts = {
            "dataset": self.dataset and f"data {self.dataset}",
            "sequence": self.sequence and f"sequence {self.sequence}",
            "preset": self.preset and f"preset {self.preset}",
            "size": self.size and f"size {self.size}",
            "objects": self.objects and f"{self.objects} object{'s' if self.objects > 1 else ''}",
            "precision": self.precision,
            "hardware": self.hardware,
            "seed": f"seed {self.seed}",
            "tool": "" if self.tool == "vosbench" else f"tool {self.tool}",
            "protocol": self.protocol and f"protocol: {self.protocol}",
        }
        if like is not None:
            same = {k for k in parts if k != "protocol" and getattr(self, k) == getattr(like, k)}
            parts = {k: v for k, v in parts.items() if k not in same | self._of_no_matter}
        return "; ".join(str(part) for part in parts.values() if part)

    @property
    def _of_no_matter(self) -> set[str]:
        """A count is the same on every machine of a kind: only a clock names its hardware."""
        return set() if self.harness in ("speed", "accuracy") else {"hardware"}


def split(harness: str, rows: pd.DataFrame) -> Iterator[tuple[Setting, pd.DataFrame]]:
    """The rows of one harness, parted into settings, in a fixed order."""
    keys = list(_KEYS[harness])
    if harness == "accuracy":  # the other side of a frame differs from sequence to sequence
        sides = {size: short_side(size) for size in set(rows["size"])}
        rows, keys = rows.assign(side=rows["size"].astype(str).map(sides)), [*keys, "side"]
    for values, part in rows.groupby(keys, observed=True, sort=True):
        known = dict(zip(keys, values, strict=True))
        if harness == "accuracy":
            known["size"] = ", ".join(sorted(set(part["size"])))
            known |= {key: _most(part[key]) for key in ("device_name", "machine")}
        yield _setting(harness, known), part


def _setting(harness: str, known: dict[str, object]) -> Setting:
    empty: dict[str, object] = {"objects": 0, "seed": 0}
    fields = {name: known.get(name, empty.get(name, "")) for name in Setting.__dataclass_fields__}
    return Setting(**{**fields, "harness": harness})  # type: ignore[arg-type]


def _most(values: pd.Series) -> str:
    """The most frequent value, the first in order where several are."""
    return str(values.mode().iloc[0])


def donor(weights: str) -> str:
    """The method that weights were trained with, where another method uses them; else "".

    >>> donor("stm:0123456789ab"), donor("0123456789ab"), donor("untrained")
    ('stm', '', '')
    """
    return weights.rpartition(":")[0]


def digest(weights: str) -> str:
    """Of the file of weights, whoever uses it; "untrained" where there is none.

    >>> digest("stm:0123456789ab"), digest("0123456789ab")
    ('0123456789ab', '0123456789ab')
    """
    return weights.rpartition(":")[2]


def weights_text(weights: str, *, digest: bool = False) -> str:
    """The weights as every table names them; `digest` says which of a donor's.

    >>> weights_text("stm:0123456789ab"), weights_text("stm:0123456789ab", digest=True)
    ("swapped: stm's weights", "swapped: stm's weights 0123456789ab")
    """
    if other := donor(weights):
        return f"swapped: {other}'s weights" + (f" {weights[-12:]}" if digest else "")
    return UNTRAINED_TEXT if weights == UNTRAINED else weights
