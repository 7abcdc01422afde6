"""The clocks that other projects' frames per second were taken by, as presets of what is timed.

No two agree, so no two published numbers compare. Each preset is read off the project's public
evaluation code. Run on one model, they show how far its number moves by the clock alone.

Of a preset, these are emulated: the stages inside its timed region, whether frame 0 counts, the
precision, and the objects. A compiled preset is compiled where the run itself is (`--compile`). Not
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


@dataclass(frozen=True)
class Preset:
    """One project's clock."""

    title: str
    outside: frozenset[str]  # stages of ours that its timed region leaves out
    first: bool  # whether frame 0, which only writes, counts as a frame
    precision: str = "float32"  # or "bfloat16", or AMP
    objects: int | None = None  # the most that are tracked; None = all
    compiled: bool = False
    source: str = ""  # file that the facts were read off
    text: str = ""  # in words


PRESETS: Mapping[str, Preset] = {
    "stcn": Preset(
        "STCN", frozenset({"prepare"}), first=True, source="hkchengrex/STCN, eval_davis.py",
        text="the whole sequence between two synchronisations: steps, upsampling, argmax and copy "
        "to the host; frames lie scaled on the device; frame 0 counts; float32 (--amp is optional)",
    ),
    "xmem": Preset(
        "XMem", frozenset({"prepare", "decide"}), first=True, precision=AMP,
        source="hkchengrex/XMem, eval.py",
        text="step and upsampling of each frame by CUDA events, argmax outside; frame 0 counts; "
        "mixed precision (its --benchmark turns that off)",
    ),
    "cutie": Preset(
        "Cutie", frozenset({"prepare", "resize", "decide"}), first=True,
        source="hkchengrex/Cutie, cutie/eval_vos.py and config/eval_config.yaml",
        text="the step alone by CUDA events, upsampling and argmax outside; frame 0 counts; "
        "float32 (amp: False)",
    ),
    "aot": Preset(
        "AOT", frozenset({"prepare"}), first=False,
        source="yoxu515/aot-benchmark, networks/managers/evaluator.py",
        text="propagation, decoding at the video's size, argmax and memory update by CUDA events; "
        "frame 0 left out; float32 (--amp is optional)",
    ),
    "sam2": Preset(
        "SAM 2", frozenset({"prepare", "decide"}), first=True, precision="bfloat16", objects=1,
        compiled=True, source="facebookresearch/sam2, sam2/benchmark.py",
        text="a whole clip with one object, upsampling inside, argmax outside; frame 0 counts; "
        "bfloat16, compiled, 5 of 25 passes as warm-up",
    ),
}  # fmt: skip


class Variant(NamedTuple):
    """What a preset needs that the run itself may not have."""

    precision: str
    objects: int


def seconds(preset: Preset, timings: Iterable[Timing]) -> float:
    """Mean seconds per frame by a preset's clock."""
    return float(np.mean([
        frame.whole - sum(frame.stages.get(name, 0.0) for name in preset.outside)
        for frame in timings
        if preset.first or frame.t
    ]))  # fmt: skip


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
