"""Numbers as the report writes them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

_DECIMAL = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_BINARY = ((2.0**30, "Gi"), (2.0**20, "Mi"), (2.0**10, "Ki"))


def significant(value: float, digits: int = 3) -> str:
    """A number with so many significant digits, never in exponent notation.

    >>> significant(0.037748736), significant(21.23), significant(1234.5), significant(0.0)
    ('0.0377', '21.2', '1234', '0')
    """
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{decimals}f}"


def probability(p: float) -> str:
    """A p-value with two significant digits.

    >>> probability(0.0703), probability(1e-9), probability(1.0)
    ('0.070', '<0.001', '1.0')
    """
    return "<0.001" if p < 0.001 else significant(p, 2)


def whole(value: float) -> str:
    """An integer."""
    return f"{value:.0f}"


def counted(number: int, thing: str) -> str:
    """A number of things in words.

    >>> counted(1, "sequence"), counted(6, "sequence")
    ('1 sequence', '6 sequences')
    """
    return f"{number} {thing}{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class Scaled:
    """Shows a number in another unit than it is stored in; `of` gives it in that unit.

    >>> percent(0.7142), signed_percent(0.012), signed_percent(-0.012)
    ('71.4', '+1.2', '-1.2')
    >>> giga(37748736), mebi(2**19), giga.of(3e9), mebi.of(2**19)
    ('0.0377', '0.500', 3.0, 0.5)
    """

    of: Callable[[float], float]
    form: Callable[[float], str] = significant

    def __call__(self, value: float) -> str:
        """The text of the number in its unit."""
        return self.form(self.of(value))


percent = Scaled(lambda share: 100 * share, "{:z.1f}".format)  # of a share of 0..1
signed_percent = Scaled(percent.of, "{:+.1f}".format)  # of a difference of shares
giga = Scaled(lambda count: count / 1e9)
mega = Scaled(lambda count: count / 1e6, "{:.1f}".format)
mebi = Scaled(lambda size: size / 2**20)  # bytes in MiB
milli = Scaled(lambda seconds: 1e3 * seconds)  # seconds in ms


def with_prefix(value: float, unit: str) -> str:
    """A count or a number of bytes with the prefix that suits its size, for running text.

    >>> with_prefix(3.32e6, "multiply-adds"), with_prefix(2.12e10, "multiply-adds")
    ('3.32 M multiply-adds', '21.2 G multiply-adds')
    >>> with_prefix(32768, "B"), with_prefix(0, "B"), with_prefix(17.5, "frames per second")
    ('32.0 KiB', '0 B', '17.5 frames per second')
    """
    steps = _BINARY if unit == "B" else _DECIMAL
    size, prefix = next((step for step in steps if value >= step[0]), (1.0, ""))
    return f"{significant(value / size)} {prefix}{'' if unit == 'B' or not prefix else ' '}{unit}"
