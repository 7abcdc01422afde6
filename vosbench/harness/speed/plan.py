"""The declared protocol: what is timed, how often, and the sentence that names it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from vosbench.harness.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How often a method is timed.

    A round is one pass over the clip's first `steps` frames by a fresh segmenter. Methods take
    turns within it, `chunk` frames each (A B A B ...), so that a machine that drifts slows all
    alike. Rounds go on until both minima are met: enough of them, and enough seconds.
    """

    steps: int = 21  # frames of a round, t = 0 .. steps - 1; frame 0 is reported apart
    chunk: int = 5  # frames of a turn
    warm_up: int = 3  # frames of a first, uncounted pass
    rounds: int = 3  # that are counted, at least
    seconds: float = 2.0  # of counted frames for each method, at least
    most: int = 50  # rounds at most, however fast the frames are
    emulated: int = 2  # turns of the first round that other clocks' precisions are tried in

    @property
    def turns(self) -> int:
        """Turns of a round; the last one may be shorter.

        >>> Plan(steps=21, chunk=5).turns, Plan(steps=4, chunk=2).turns
        (4, 2)
        """
        return -(-(self.steps - 1) // self.chunk)

    def enough(self, rounds: int, seconds: float) -> bool:
        """Whether so many whole rounds with so many seconds of counted frames will do.

        >>> [Plan().enough(*x) for x in ((2, 9.0), (3, 1.0), (3, 2.0), (50, 0.1))]
        [False, False, True, True]
        """
        return rounds >= self.most or (rounds >= self.rounds and seconds >= self.seconds)


PLAN = Plan()


def threads(settings: Settings) -> int:
    """CPU threads of a run: what was asked for, or what torch takes by itself."""
    return settings.threads or torch.get_num_threads()


def pin(settings: Settings) -> int:
    """Sets this process's CPU threads, so that no other code's choice moves a number."""
    count = threads(settings)
    torch.set_num_threads(count)
    return count


def protocol(settings: Settings, plan: Plan = PLAN) -> str:
    """One sentence that names the clock. Resolution, objects and precision stand in the cell."""
    where = f"{threads(settings)} CPU threads"
    if settings.device != "cpu":
        where += ", synchronised before and after a frame, stages by CUDA events"
    return (
        f"one frame from RAM to ids, files outside, t = 1..{plan.steps - 1}, frame 0 apart, "
        f"{plan.warm_up} warm-up frames, at least {plan.rounds} rounds and {plan.seconds:g} s, "
        f"methods in turns of {plan.chunk} frames, best round of each t (mean, percentiles and "
        f"ratios: of all), {where}"
    )
