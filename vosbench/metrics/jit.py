"""The one way this package compiles a function: numba, cached on disk, without the GIL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile `function` at its first call and keep the machine code for the next process.

    Where neither the package's folder nor the user's cache can be written, the function is
    compiled anew in each process: slower to start, the same numbers.
    """
    try:
        compiled = njit(cache=True, nogil=True)(function)
    except RuntimeError:  # numba: "cannot cache function: no locator available"
        compiled = njit(nogil=True)(function)
    return cast(F, compiled)
