"""What a memory declares of its growth, held against what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from vosbench.errors import PluginError
from vosbench.harness.growth.sample import Sample
from vosbench.memory import Growth, Memory

FAR = 10**6  # frames after which a bounded memory is at its bound
TOLERANCE = 1.01  # of a formula


def check(memory: Memory, pixels: int, objects: int, samples: Sequence[Sample]) -> None:
    """Holds measured state bytes against the declared growth.

    A constant state has one size. A bounded one stays within what its own formula states after a
    million frames, and the formula states no more after ten million. Linear promises nothing.

    Raises:
        PluginError: the clause that is broken, with t and bytes.
    """
    growth = memory.growth
    largest = max(samples, key=lambda s: s.state, default=None)
    if largest is None:
        return
    first = samples[0]
    other = max(samples, key=lambda s: abs(s.state - first.state))
    if growth is Growth.CONSTANT and other.state != first.state:
        raise PluginError(
            f"declares constant growth, but its state has {first.state} bytes at t = {first.t} and "
            f"{other.state} at t = {other.t}: keep its size, or declare bounded or linear"
        )
    if growth is Growth.BOUNDED:
        bound, later = (memory.cost(t, pixels, objects).state_bytes for t in (FAR, 10 * FAR))
        if later > bound * TOLERANCE:
            raise PluginError(
                f"declares bounded growth, but its cost() states {bound} state bytes at t = {FAR} "
                f"and {later} at t = {10 * FAR}: state the bound, or declare linear"
            )
        if largest.state > bound * TOLERANCE:
            raise PluginError(
                f"declares bounded growth, but its state has {largest.state} bytes at "
                f"t = {largest.t}, above the bound of {bound} that its cost() states: "
                "keep to the bound, state it, or declare linear"
            )
