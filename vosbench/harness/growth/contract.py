"""What a memory declares of its growth, held against what was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vosbench.memory import Growth

FAR = 10**6  # frames after which a bounded memory is at its bound
CLOSE = 0.01  # relative, to a formula


def broken(
    growth: Growth, stated: Callable[[int], int], sizes: Sequence[tuple[int, int]]
) -> tuple[str, str] | None:
    """Where state bytes grow otherwise than declared: (what was promised, what came), else None.

    A constant state has one size. A bounded one stays within what its own formula states after a
    million frames, and the formula states no more after ten million. Linear promises no bound.

    Args:
        growth: as declared.
        stated: state bytes at t, by the memory's own `cost`.
        sizes: (t, state bytes), as measured; at least one.
    """
    if growth is Growth.CONSTANT:
        first = sizes[0]
        other = max(sizes, key=lambda at: abs(at[1] - first[1]))
        return None if other[1] == first[1] else ("one size", f"{_at(*first)}, {_at(*other)}")
    if growth is Growth.BOUNDED:
        bound, later = stated(FAR), stated(10 * FAR)
        if later > bound * (1 + CLOSE):
            return "cost() to state one bound", f"{_at(FAR, bound)}, {_at(10 * FAR, later)}"
        largest = max(sizes, key=lambda at: at[1])
        if largest[1] > bound * (1 + CLOSE):
            return f"at most {bound} B, the bound that cost() states", _at(*largest)
    return None


def _at(t: int, size: int) -> str:
    return f"{size} B at t = {t}"
