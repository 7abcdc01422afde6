"""Sizes as a user types them."""

from __future__ import annotations

import math
import re

from vosbench.errors import UsageError

UNITS = {
    "B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)


def parse_bytes(text: str) -> int:
    """A size in bytes from a number with a unit; without one, bytes.

    Raises:
        UsageError: the text is no positive size.

    >>> parse_bytes("4GiB"), parse_bytes("1.5 MiB"), parse_bytes("2gb"), parse_bytes("512")
    (4294967296, 1572864, 2000000000, 512)
    """
    found = _SIZE.fullmatch(text)
    units = {name.lower(): size for name, size in UNITS.items()}
    size = units.get((found[2] or "B").lower()) if found else None
    if not found or size is None or float(found[1]) * size < 1:
        raise UsageError(
            f"{text!r} is not a size in bytes: give a positive number and one of "
            f"{', '.join(UNITS)}, as in 4GiB"
        )
    return math.floor(float(found[1]) * size)


def show_bytes(size: int) -> str:
    """A size with the largest binary unit of which it holds a whole number.

    >>> show_bytes(4 * 2**30), show_bytes(1536), show_bytes(1000)
    ('4 GiB', '1536 B', '1000 B')
    """
    unit = next(u for u in ("TiB", "GiB", "MiB", "KiB", "B") if size % UNITS[u] == 0)
    return f"{size // UNITS[unit]} {unit}"
