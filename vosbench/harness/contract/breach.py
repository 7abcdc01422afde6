"""What a clause may end in, apart from holding."""

from __future__ import annotations

from vosbench.errors import VosbenchError


def bare(said: object) -> str:
    """Words of someone else's without the stop at their end: ours go on after them.

    >>> bare("The state is gone."), bare(12)
    ('The state is gone', '12')
    """
    return str(said).rstrip().rstrip(".,;:")


class BreachError(VosbenchError):
    """A clause does not hold: what was expected, what came."""

    def __init__(self, expected: object, got: object) -> None:
        super().__init__(f"expected {bare(expected)}; got {bare(got)}")


class ExemptError(VosbenchError):
    """A clause that does not apply here, and why."""


class SkippedError(VosbenchError):
    """A clause that cannot be looked at here, and what it would take."""


def demand(holds: bool, expected: object, got: object) -> None:
    """A BreachError unless it holds."""
    if not holds:
        raise BreachError(expected, got)
