"""Checks of a memory's parameters: one line that says what was given and what was expected."""

from __future__ import annotations

import operator
from typing import Any


def check_whole(least: int, most: int | None = None, /, **given: Any) -> None:
    """Each given value has to be a whole number from `least` on, and up to `most`.

    Raises:
        ValueError: one is not.

    >>> check_whole(1, frames=8, budget=0)
    Traceback (most recent call last):
    ValueError: budget is 0; expected a whole number from 1 on
    """
    wanted = f"from {least} on" if most is None else f"from {least} to {most}"
    for name, x in given.items():
        whole = isinstance(x, int) and not isinstance(x, bool)
        if not (whole and least <= x and (most is None or x <= most)):
            raise ValueError(f"{name} is {x}; expected a whole number {wanted}")


def check_number(*bounds: str, **given: Any) -> None:
    """Each given value has to be a number within bounds such as ">= 0" and "< 1".

    Raises:
        ValueError: one is not.

    >>> check_number("> 0", "<= 1", rate=1.5)
    Traceback (most recent call last):
    ValueError: rate is 1.5; expected a number > 0 and <= 1
    """
    for name, x in given.items():
        number = isinstance(x, int | float) and not isinstance(x, bool)
        if not (number and all(_holds(x, *bound.split()) for bound in bounds)):
            raise ValueError(f"{name} is {x}; expected a number {' and '.join(bounds)}")


def _holds(x: float, sign: str, limit: str) -> bool:
    return bool(_SIGNS[sign](x, float(limit)))


_SIGNS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
