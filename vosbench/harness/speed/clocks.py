"""The clocks that other projects' frames per second were taken by, as presets of what is timed.

No two agree, so no two published numbers compare. Each preset is read off the project's public
evaluation code. Run on one model, they show how far its number moves by the clock alone.

Of a preset, these are emulated: the stages inside its timed region, whether frame 0 counts, the
precision, and the objects. What its authors compile is compiled where the run itself is. Not
emulated are a cold start inside the timed region (STCN, XMem, Cutie and AOT have no warm-up) and
the overlap of queued frames where a clock synchronises less often than ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from vosbench.harness.speed.clip import Ids
from vosbench.harness.speed.clock import Timing
from vosbench.harness.subject import Subject
from vosbench.results import Row

AMP = "automatic mixed precision"
SEQUENCE = 70  # frames, about as many as in a sequence of DAVIS: frame 0 is so much of a mean


@dataclass(frozen=True)
class Preset:
    """One project's clock."""

    outside: frozenset[str]  # stages of ours that its timed region leaves out
    first: bool  # whether frame 0, which only writes, counts as a frame
    precision: str = "float32"  # or "bfloat16", or AMP
    objects: int | None = None  # the most that are tracked; None = all


PRESETS: Mapping[str, Preset] = {
    # hkchengrex/STCN, eval_davis.py: the whole sequence between two synchronisations: steps,
    # upsampling, argmax and copy to the host; frames lie scaled on the device; --amp is optional
    "stcn": Preset(frozenset({"prepare"}), first=True),
    # hkchengrex/XMem, eval.py: step and upsampling of each frame by CUDA events, argmax outside;
    # mixed precision, which its --benchmark turns off
    "xmem": Preset(frozenset({"prepare", "decide"}), first=True, precision=AMP),
    # hkchengrex/Cutie, cutie/eval_vos.py and config/eval_config.yaml: the step alone by CUDA
    # events, upsampling and argmax outside; amp: False
    "cutie": Preset(frozenset({"prepare", "resize", "decide"}), first=True),
    # yoxu515/aot-benchmark, networks/managers/evaluator.py: propagation, decoding at the video's
    # size, argmax and memory update by CUDA events; --amp is optional
    "aot": Preset(frozenset({"prepare"}), first=False),
    # facebookresearch/sam2, sam2/benchmark.py: a whole clip with one object, upsampling inside,
    # argmax outside; compiled, 5 of 25 passes as warm-up
    "sam2": Preset(frozenset({"prepare", "decide"}), first=True, precision="bfloat16", objects=1),
}


class Variant(NamedTuple):
    """What a preset needs that the run itself may not have."""

    precision: str
    objects: int


def seconds(preset: Preset, timings: Iterable[Timing]) -> float:
    """Mean seconds per frame by a preset's clock; frame 0, where that counts, as 1 of `SEQUENCE`.

    So much of it for all presets alike: it costs less than others, and as 1 of the few frames that
    a preset is timed on it would move the mean.
    """
    inside = [
        (frame.t, frame.whole - sum(frame.stages.get(name, 0.0) for name in preset.outside))
        for frame in timings
    ]
    later = float(np.mean([seconds for t, seconds in inside if t]))
    if not preset.first:
        return later
    first = float(np.mean([seconds for t, seconds in inside if not t]))
    return (first + (SEQUENCE - 1) * later) / SEQUENCE


def variant(preset: Preset, subject: Subject, objects: int) -> Variant:
    """The precision and the number of objects that a preset runs a subject of `objects` at."""
    half = "bfloat16" if subject.settings.device == "cpu" else "float16"
    precision = half if preset.precision == AMP else preset.precision
    return Variant(precision, min(objects, preset.objects or objects))


def own(subject: Subject, objects: int) -> Variant:
    """The run's own precision and objects: presets that want these need no pass of their own."""
    return Variant(subject.settings.precision, objects)


def adapted(subject: Subject, given: Ids, wanted: Variant) -> tuple[Subject, Ids]:
    """The same network at another precision, and the mask of frame 0 with its first objects."""
    kept = sorted(set(given[given > 0].tolist()))[: wanted.objects]
    changed = replace(subject, settings=replace(subject.settings, precision=wanted.precision))
    return changed, np.where(np.isin(given, kept), given, 0).astype(np.uint8)


def rows(name: str, timings: Sequence[Timing], declared: Sequence[Timing]) -> list[Row]:
    """A preset's number, and how far it lies from the declared clock's.

    Args:
        name: of the preset.
        timings: frames timed at the preset's precision and objects.
        declared: frames of the same passes, timed at the run's own.

    `clock_ratio_NAME` is seconds by the preset / seconds by the declared clock: below 1, the
    preset's frames per second look better.
    """
    by_preset = seconds(PRESETS[name], timings)
    by_ours = float(np.mean([frame.whole for frame in declared if frame.t]))
    return [
        Row(None, None, f"clock_seconds_{name}", by_preset, "s"),
        Row(None, None, f"clock_ratio_{name}", by_preset / by_ours, "1"),
    ]
