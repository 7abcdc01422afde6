"""What there is: methods, data sets, presets, harnesses and protocols, as text."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Mapping

from vosbench import registry
from vosbench.data import DATASETS
from vosbench.harness.settings import HARNESSES
from vosbench.metrics import PROTOCOLS
from vosbench.model import weights
from vosbench.model.network import PRESETS

WIDEST = 100  # columns: longer lines are hard to read
ABOUT = {
    "accuracy": "J and F against the true masks, and the predicted masks themselves",
    "flops": "multiply-adds of each part, by formula and as two tools count them; parameters",
    "growth": "bytes of the memory's state and of a read and a write, by frames in memory",
    "speed": "frames a second and seconds of each part, the methods in turns",
}


def listing(width: int | None = None) -> str:
    """One section each; a plugin that failed to import stands beside those that did not.

    Args:
        width: columns that lines are broken to, between words; by default the terminal's, at most
            `WIDEST`.
    """
    columns = width or min(WIDEST, shutil.get_terminal_size().columns)
    methods = {
        name: f"{cls.growth} state, {_trained(name)}; {cls.paper}"
        for name, cls in registry.methods().items()
    }
    sections: dict[str, Mapping[str, str]] = {
        "methods": methods,
        "plugins that failed": registry.failures(),
        "data sets": DATASETS,
        "presets": {
            k: f"{p.backbone}, key {p.key_dim}, value {p.value_dim}" for k, p in PRESETS.items()
        },
        "harnesses": {name: ABOUT[name] for name in HARNESSES},
        "protocols": {name: p.summary for name, p in PROTOCOLS.items()},
    }
    return "\n".join(
        "".join(f"{line}\n" for line in (title, *_table(entries, columns)))
        for title, entries in sections.items()
        if entries
    )


def _table(entries: Mapping[str, str], width: int) -> Iterator[str]:
    """Names in a column as wide as the longest, and their texts beside it."""
    column = max(map(len, entries)) + 4  # two spaces before, two after
    for name, text in entries.items():
        first, *rest = _wrapped(text, max(20, width - column))
        yield f"  {name}".ljust(column) + first
        yield from (" " * column + line for line in rest)


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of whole words; a list by commas that is longer than a line is broken after one."""
    words = (piece for word in text.split() for piece in _pieces(word, width))
    return textwrap.wrap(
        " ".join(words), width, break_long_words=False, break_on_hyphens=False
    ) or [""]


def _pieces(word: str, width: int) -> list[str]:
    """A word in as few pieces as fit, each as long as it can be.

    >>> _pieces("length=24,seed=0,size=9", 18)
    ['length=24,seed=0,', 'size=9']
    """
    pieces = [""]
    for part in word.replace(",", ",\n").split("\n"):
        if pieces[-1] and len(pieces[-1] + part) > width:
            pieces.append("")
        pieces[-1] += part
    return pieces


def _trained(method: str) -> str:
    have = [p for p in PRESETS if weights.shipped(method, p)]
    return f"trained weights for {', '.join(have)}" if have else "no trained weights"
