"""Methods in turns: A B A B, so that what happens to the machine happens to all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

import numpy as np

from vosbench.data import Video
from vosbench.harness.speed.pairing import Seconds, paired_ratio
from vosbench.harness.speed.pairing import rows as ratio_rows
from vosbench.harness.speed.plan import PLAN, Plan
from vosbench.harness.speed.session import Session, Turn
from vosbench.harness.subject import Subject
from vosbench.results import Row

T = TypeVar("T")
RATIO = "frame_seconds_ratio"  # metric; the name of the method compared with comes behind it


class Player(Protocol):
    """A method that can be asked for its next turn: a `Session`, here or in another process."""

    def turn(self) -> Turn:
        """Times its next frames."""

    def rows(self) -> list[Row]:
        """Records of all its turns."""


def measure(subject: Subject, video: Video, plan: Plan = PLAN) -> list[Row]:
    """Records of one method alone, in this process."""
    return alternate({subject.name: Session(subject, video, plan)}, plan)[subject.name]


def alternate(
    players: Mapping[str, Player],
    plan: Plan = PLAN,
    *,
    baseline: str | None = None,
    fail: Callable[[str, Exception], None] | None = None,
    tick: Callable[[], None] = lambda: None,
) -> dict[str, list[Row]]:
    """Asks every method for a turn, again and again, until the plan has enough of each.

    Args:
        players: name -> method. One that lives in a process of its own does its work there.
        plan: how often.
        baseline: a name among the players; every other one gets its ratio to that one, as
            `frame_seconds_ratio NAME` with `frame_seconds_ratio_low NAME` and `_high NAME`.
        fail: is told of a method that raised and leaves the game; without it, the error is raised.
        tick: is called after each turn of the rounds that are sure to come.

    Returns:
        The Records of each method that did not fail.
    """
    turns: dict[str, list[Turn]] = {name: [] for name in players}
    game = _Game(dict(players), fail)
    while game.players and not _enough(plan, [turns[name] for name in game.players]):
        for name in list(game.players):
            turn = game.ask(name, lambda player: player.turn())
            if turn is not None:
                turns[name].append(turn)
                if turn.round < plan.rounds:
                    tick()
    out = {}
    for name in list(game.players):
        found = game.ask(name, lambda player: player.rows())
        if found is not None:
            out[name] = found
    for name in out:
        if baseline in out and name != baseline:
            ratio = paired_ratio(by_round(turns[name]), by_round(turns[baseline]))
            out[name] += ratio_rows(RATIO, ratio, f" {baseline}")
    return out


def by_round(turns: list[Turn]) -> Seconds:
    """Seconds of turns as (rounds, turns)."""
    width = 1 + max(turn.place for turn in turns)
    return np.array([turn.seconds for turn in turns]).reshape(-1, width)


def _enough(plan: Plan, played: list[list[Turn]]) -> bool:
    """Whether every method has had its whole rounds and seconds."""
    return all(
        turns
        and turns[-1].place == plan.turns - 1
        and plan.enough(turns[-1].round + 1, sum(turn.seconds for turn in turns))
        for turns in played
    )


class _Game:
    """The methods that are still in it."""

    def __init__(
        self, players: dict[str, Player], fail: Callable[[str, Exception], None] | None
    ) -> None:
        self.players = players
        self._fail = fail

    def ask(self, name: str, what: Callable[[Player], T]) -> T | None:
        """An answer, or None from a method that raised: it is out. A plugin may raise anything."""
        try:
            return what(self.players[name])
        except Exception as error:
            if self._fail is None:
                raise
            del self.players[name]
            self._fail(name, error)
            return None
