"""What runs right beside a method's own turns: other clocks' settings, and plain arithmetic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vosbench.harness import arithmetic
from vosbench.harness.speed import clocks, pairing
from vosbench.harness.speed.clip import Clip, Ids
from vosbench.harness.speed.clock import Timing
from vosbench.harness.speed.plan import Plan
from vosbench.harness.speed.summary import Rounds
from vosbench.harness.subject import Subject, prepare
from vosbench.results import Row

Frames = Sequence[NDArray[np.uint8]]  # (H, W, 3) each


class OtherClocks:
    """The same network at the precision and with the objects that other clocks want.

    Clocks that want what the run itself has need no pass: the run's own frames serve them. The
    others get the first turns of the first round, each right after the run's own.
    """

    def __init__(self, subject: Subject, frames: Frames, given: Ids, plan: Plan) -> None:
        objects = len(set(given[given > 0].tolist()))
        self._plan = plan
        self._own = clocks.own(subject, objects)
        self._wanted = {
            name: clocks.variant(preset, subject, objects)
            for name, preset in clocks.PRESETS.items()
        }
        self._clips: dict[clocks.Variant, Clip] = {}
        self._timings: dict[clocks.Variant, list[Timing]] = {}
        for wanted in set(self._wanted.values()) - {self._own} if plan.emulated else ():
            changed, mask = clocks.adapted(subject, given, wanted)
            Clip(changed, frames, mask).advance(plan.warm_up)
            self._clips[wanted] = Clip(changed, frames, mask)
            self._timings[wanted] = []

    def begin(self) -> None:
        """A new round: only the first one is accompanied."""

    def turn(self, index: int, own: Clip) -> None:
        """Follows the run's own turn."""
        for wanted, clip in self._clips.items():
            self._timings[wanted] += clip.turn(self._plan.chunk)
        if index + 1 >= self._plan.emulated:
            self._clips.clear()

    def rows(self, rounds: Rounds) -> list[Row]:
        """Each clock's number and how far it lies from the declared one, see `clocks.rows`; and
        `clock_sequence_frames`, of which frame 0 is one.
        """
        every = [frame for frames in rounds for frame in frames]
        out = [Row(None, None, "clock_sequence_frames", clocks.SEQUENCE, "1")]
        for name, wanted in self._wanted.items():
            if wanted == self._own:
                out += clocks.rows(name, every, every)
            elif wanted in self._timings:
                theirs = self._timings[wanted]
                out += clocks.rows(name, theirs, rounds[0][: len(theirs)])
        return out


class PlainArithmetic:
    """The same method in float32, channels last, not compiled: what an option gains and costs."""

    def __init__(self, subject: Subject, frames: Frames, given: Ids, plan: Plan) -> None:
        self._clip_of = subject, frames, given
        Clip(*self._clip_of).advance(plan.warm_up)
        self._plan = plan
        self._rounds: list[list[Timing]] = []
        self._changed: list[float] = []  # of each frame

    def begin(self) -> None:
        """A new round."""
        self._rounds.append([])
        self._clip = Clip(*self._clip_of)

    def turn(self, index: int, own: Clip) -> None:
        """Follows the run's own turn and compares the ids."""
        seen = len(self._clip.ids)
        self._rounds[-1] += self._clip.turn(self._plan.chunk)
        pairs = zip(own.ids[seen:], self._clip.ids[seen:], strict=True)
        self._changed += [float(np.mean(a != b)) for a, b in pairs]

    def rows(self, rounds: Rounds) -> list[Row]:
        """`arithmetic_ratio`: seconds by the run's arithmetic / by the plain one, with interval;
        `arithmetic_changed_pixels`: the share of pixels that get another id, frame 0 left out.
        """
        a, b = (by_turn(x, self._plan) for x in (rounds, self._rounds))
        steps = self._plan.steps
        counted = [x for i, x in enumerate(self._changed) if i % steps]
        return [
            *pairing.rows("arithmetic_ratio", pairing.paired_ratio(a, b)),
            Row(None, None, "arithmetic_changed_pixels", float(np.mean(counted)), "1"),
        ]


def plain(subject: Subject) -> Subject | None:
    """The same method in plain arithmetic, or None where the run's own is plain already."""
    settings = arithmetic.plain(subject.settings)
    return None if settings == subject.settings else prepare(subject.name, settings)


def by_turn(rounds: Rounds, plan: Plan) -> pairing.Seconds:
    """Seconds of each turn (rounds, turns), frame 0 left out."""
    starts = range(1, plan.steps, plan.chunk)
    return np.array(
        [[sum(x.whole for x in frames[i : i + plan.chunk]) for i in starts] for frames in rounds]
    )
