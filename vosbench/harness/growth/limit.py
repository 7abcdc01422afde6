"""Sizes and counts as a user types them."""

from __future__ import annotations

import math
import re

from vosbench.errors import UsageError

UNITS = {
    "B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip
COUNTS = {"": 1, "k": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)


def parse_bytes(text: str) -> int:
    """A size in bytes from a number with a unit; without one, bytes.

    Raises:
        UsageError: the text is no positive size.

    >>> parse_bytes("4GiB"), parse_bytes("1.5 MiB"), parse_bytes("2gb"), parse_bytes("512")
    (4294967296, 1572864, 2000000000, 512)
    """
    return _parse(text, {"": 1, **UNITS}, "a size in bytes", "4GiB")


def parse_macs(text: str) -> int:
    """A number of multiply-adds from a number with a prefix, or without.

    Raises:
        UsageError: the text is no positive number.

    >>> parse_macs("1.5G"), parse_macs("200 M"), parse_macs("512")
    (1500000000, 200000000, 512)
    """
    return _parse(text, COUNTS, "a number of multiply-adds", "500M")


def _parse(text: str, units: dict[str, int], kind: str, example: str) -> int:
    found = _SIZE.fullmatch(text)
    lower = {name.lower(): size for name, size in units.items()}
    size = lower.get(found[2].lower()) if found else None
    if not found or size is None or float(found[1]) * size < 1:
        raise UsageError(
            f"{text!r} is not {kind}: give a positive number and one of "
            f"{', '.join(filter(None, units))}, as in {example}"
        )
    return math.floor(float(found[1]) * size)


def show_bytes(size: int) -> str:
    """A size with the largest binary unit of which it holds a whole number.

    >>> show_bytes(4 * 2**30), show_bytes(1536), show_bytes(1000)
    ('4 GiB', '1536 B', '1000 B')
    """
    unit = next(u for u in ("TiB", "GiB", "MiB", "KiB", "B") if size % UNITS[u] == 0)
    return f"{size // UNITS[unit]} {unit}"
