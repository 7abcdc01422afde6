"""A method being timed, turn by turn: what lives in the one process that a method is timed in."""

from __future__ import annotations

from typing import NamedTuple

from vosbench.data import Video
from vosbench.harness.speed import noise, roofline, summary
from vosbench.harness.speed.beside import OtherClocks, PlainArithmetic, plain
from vosbench.harness.speed.clip import Clip, decoded
from vosbench.harness.speed.clock import Timing
from vosbench.harness.speed.plan import PLAN, Plan, pin
from vosbench.harness.subject import Subject
from vosbench.model.frames import STRIDE, Fit
from vosbench.results import Row


class Turn(NamedTuple):
    """One turn of a method: plain numbers, so that it passes between processes."""

    round: int  # from 0
    place: int  # of the turn within its round, from 0
    seconds: float  # of its frames, frame 0 left out


class Session:
    """Times one method over a clip. Nothing is run before the first turn, which warms up.

    Args:
        subject: the method.
        video: its first frames are decoded once and kept.
        plan: how often.
    """

    def __init__(self, subject: Subject, video: Video, plan: Plan = PLAN) -> None:
        self.subject = subject
        self.video = video
        self.plan = plan
        self.rounds: list[list[Timing]] = []
        self.probes: list[noise.Probe] = []

    def turn(self) -> Turn:
        """Times the next turn; a round that is over is followed by a new one."""
        if not self.rounds:
            self._start()
        self.probes.append(self._prober.probe())
        if not self.rounds or self._clip.done:
            self._begin()
        index = self._turns
        frames = self._clip.turn(self.plan.chunk)
        self.rounds[-1] += frames
        for companion in self._beside:
            companion.turn(index, self._clip)
        self._turns += 1
        return Turn(len(self.rounds) - 1, index, sum(x.whole for x in frames if x.t))

    def rows(self) -> list[Row]:
        """Records of all turns so far; every round must be whole."""
        self.probes.append(self._prober.probe())
        return [
            *summary.rows(self.rounds),
            *(row for companion in self._beside for row in companion.rows(self.rounds)),
            *self._roofline(),
            *noise.rows(self.probes),
            Row(None, None, "threads", self._threads, "1"),
        ]

    def _start(self) -> None:
        """Pins the threads and warms up, the method first."""
        self._threads = pin(self.subject.settings)
        self._prober = noise.Prober(self.subject.settings.device)
        self._frames, self._given = decoded(self.video, self.plan.steps)
        self._new_clip().advance(self.plan.warm_up)
        clip = self._frames, self._given, self.plan
        self._beside: list[OtherClocks | PlainArithmetic] = [OtherClocks(self.subject, *clip)]
        in_plain = plain(self.subject)
        if in_plain is not None:
            self._beside.append(PlainArithmetic(in_plain, *clip))

    def _begin(self) -> None:
        """A new round: fresh segmenters, none of which knows of the round before."""
        self.rounds.append([])
        self._turns = 0
        self._clip = self._new_clip()
        for companion in self._beside:
            companion.begin()

    def _new_clip(self) -> Clip:
        return Clip(self.subject, self._frames, self._given)

    def _roofline(self) -> list[Row]:
        memory, policy = self.subject.network.memory, self.subject.policy
        height, width = Fit.of(self.video.size, self.subject.short_side).padded
        pixels = height // STRIDE * (width // STRIDE)
        objects = len(set(self._given[self._given > 0].tolist()))
        fastest = summary.best(self.rounds)
        times = [t for t in fastest["frame"] if t]
        work = {t: roofline.frame_work(memory, policy, t, pixels, objects) for t in times}
        spent = {t: fastest["read"][t] + fastest["write"][t] for t in times}
        machine = roofline.measure(
            self.subject.settings.device, roofline.shapes(memory, pixels),
            max(part.bytes for parts in work.values() for part in parts),
        )  # fmt: skip
        return roofline.rows(machine, work, spent)
