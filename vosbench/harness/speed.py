"""Speed: seconds per frame, split by stage, against t.

The clock: one `Segmenter.step`, from a frame in RAM to ids in RAM (scaling, encoding, reading,
decoding, merging, writing); reading files and writing PNGs are outside. Frame 0 only writes and is
left out. Rounds of all methods alternate (A B A B), so that a machine that drifts slows all alike;
the fastest round of each frame is kept, since noise only ever adds.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from vosbench.data import Video
from vosbench.harness.subject import Subject
from vosbench.results import Row

WARM_UP = 3  # frames of a first, uncounted round
ROUNDS = 3  # rounds that are counted
STEPS = 21  # frames of a round: t = 0..20

Times = dict[str, list[float]]  # stage -> seconds at t = 1, 2, ...


def protocol(subject: Subject) -> str:
    """One sentence that names the clock."""
    threads = torch.get_num_threads()
    where = "synchronised" if subject.settings.device != "cpu" else f"{threads} threads"
    return (
        f"one frame from RAM to ids, files outside, t = 1..{STEPS - 1}, "
        f"{WARM_UP} warm-up frames, best of {ROUNDS} alternating rounds "
        f"(percentiles: of all), {where}"
    )


class Clock:
    """Adds up seconds per stage; its `stage` goes into a Segmenter."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.seconds: dict[str, float] = defaultdict(float)

    def now(self) -> float:
        """Seconds, after everything queued on the device is done."""
        if self.device != "cpu":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Adds the block's seconds to a stage."""
        start = self.now()
        yield
        self.seconds[name] += self.now() - start


def round_trip(subject: Subject, video: Video, steps: int = STEPS) -> Times:
    """Seconds of each stage and of the whole frame at t = 1 .. steps - 1."""
    clock = Clock(subject.settings.device)
    segmenter = subject.segmenter(stage=clock.stage)
    frames = [video.frame(t % len(video)) for t in range(steps)]
    times: Times = defaultdict(list)
    for t, frame in enumerate(frames):
        clock.seconds.clear()
        start = clock.now()
        segmenter.step(frame, video.given(0) if t == 0 else None)
        whole = clock.now() - start
        if t:
            times["frame"].append(whole)
            for name in ("encode", "memory_encode", "write", "read", "decode"):
                times[name].append(clock.seconds[name])
    return times


def rows(rounds: list[Times]) -> list[Row]:
    """Records of a method's rounds: per t and stage, then frames per second and percentiles."""
    best = {name: np.min([r[name] for r in rounds], axis=0) for name in rounds[0]}
    out = [
        Row(None, t, f"{name}_seconds", float(s), "s")
        for name, seconds in best.items()
        for t, s in enumerate(seconds, 1)
    ]
    every = np.concatenate([r["frame"] for r in rounds])
    out += [
        Row(None, None, f"frame_seconds_p{p}", float(np.percentile(every, p)), "s")
        for p in (50, 90, 99)
    ]
    return [*out, Row(None, None, "fps", float(1 / best["frame"].mean()), "1/s")]
