"""Frame times as Records: by stage and t, then what a whole clip comes to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vosbench.harness.speed.clock import Timing
from vosbench.results import Row

STAGES = (
    "prepare", "encode", "read", "decode", "memory_encode", "write", "resize", "decide",
)  # fmt: skip
Rounds = Sequence[Sequence[Timing]]  # the same frames in each


def best(rounds: Rounds) -> dict[str, dict[int, float]]:
    """Seconds of the whole frame and of each stage at each t: the fastest round of each.

    Noise only ever adds, so the fastest is the nearest to what the machine can do.
    """
    frames = [list(same) for same in zip(*rounds, strict=True)]
    whole = {same[0].t: min(x.whole for x in same) for same in frames}
    stages = {
        name: {same[0].t: min(x.stages.get(name, 0.0) for x in same) for same in frames}
        for name in STAGES
    }
    return {"frame": whole, **stages}


def rows(rounds: Rounds) -> list[Row]:
    """Records of a method's rounds. Frame 0 has no read: it stands apart and counts nowhere else.

    Per t >= 1: seconds of the frame and of each stage, best round. Of the clip: `fps` of the best
    rounds; mean and percentiles of every counted frame; `first_frame_seconds`, best round.
    """
    fastest = best(rounds)
    out = [
        Row(None, t, f"{name}_seconds", seconds, "s")
        for name, curve in fastest.items()
        for t, seconds in curve.items()
        if t
    ]
    every = np.array([x.whole for frames in rounds for x in frames if x.t])
    out += [
        Row(None, None, f"frame_seconds_p{p}", float(np.percentile(every, p)), "s")
        for p in (50, 90, 99)
    ]
    mean = float(np.mean([s for t, s in fastest["frame"].items() if t]))
    return [
        *out,
        Row(None, None, "frame_seconds_mean", float(every.mean()), "s"),
        Row(None, None, "first_frame_seconds", fastest["frame"][0], "s"),
        Row(None, None, "fps", 1 / mean, "1/s"),
        Row(None, None, "rounds", len(rounds), "1"),
    ]
