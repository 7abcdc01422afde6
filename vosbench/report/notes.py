"""The sentences below the results: what was counted, over what, and how far to trust it."""

from __future__ import annotations

from collections.abc import Sequence

from vosbench.metrics import PROTOCOLS
from vosbench.metrics.statistics import RETURN_FRAMES
from vosbench.report import control, ratios, uncounted
from vosbench.report.costs import Beside, Costs
from vosbench.report.formats import counted
from vosbench.report.growing import INTERVAL, endings, short_fits, state_exponent
from vosbench.report.scores import Scores
from vosbench.report.settings import UNTRAINED_TEXT, Setting


def below(scores: Scores | None, beside: Beside, ranked: Sequence[str]) -> list[str]:
    """What a reader of the results must know, a sentence each.

    Args:
        scores: the accuracy that the table shows, if any.
        beside: the costs that stand beside it.
        ranked: methods whose speeds compete.
    """
    return [*_of_scores(scores), *_of_costs(beside, scores.setting if scores else None, ranked)]


def _of_scores(scores: Scores | None) -> list[str]:
    if scores is None:
        return []
    count = f"{counted(len(scores.sequences), 'sequence')}, sizes {scores.setting.size}"
    notes = [f"J and F: mean over {scores.over}; {count}; protocol {_protocol(scores)}."]
    known = PROTOCOLS.get(scores.setting.protocol)
    if known is not None and known.seen_and_unseen:
        notes.append("All objects weigh the same: seen and unseen classes are not told apart.")
    if scores.returning:
        notes.append(
            f"J after return: over the first {RETURN_FRAMES} frames that show an object each time "
            f"it comes back; {counted(scores.returning, 'object')}."
        )
    if control.any_added(scores):
        notes.append(control.NOTE)
    if any(run.untrained for run in scores.runs):
        notes.append(f"{UNTRAINED_TEXT.capitalize()}: J and F show that the pipeline runs; "
                     "they are not accuracy.")  # fmt: skip
    if any(run.swapped for run in scores.runs):
        notes.append("Swapped: weights that were trained with another method, used as they "
                     "are; not what the method reaches when it is trained. They stand apart, "
                     "below, and bold is for methods with weights of their own.")  # fmt: skip
    return notes


def _of_costs(beside: Beside, like: Setting | None, ranked: Sequence[str]) -> list[str]:
    kinds = (("Multiply-adds (MAC; 1 MAC = 2 FLOPs)", beside.flops),
             ("State and temporary bytes (temporary: of a read)", beside.growth),
             ("Speed", beside.speed))  # fmt: skip
    notes = [f"{kind}: {costs.setting.describe(like)}." for kind, costs in kinds if costs]
    notes += uncounted.notes(beside.flops)
    if beside.flops:
        notes.append(
            "Mean frame: every stage, memory encoding and write by the share of frames that a "
            "method's policy writes (all: 1; every 5th: 0.2)."
        )
    notes += _growth_notes(beside.growth) if beside.growth else []
    notes += endings(beside.growth, *beside.elsewhere)
    if beside.speed and beside.speed.writes:
        notes.append(
            "Writes: the frames that a memory keeps by its write policy; + previous: each frame is "
            "written for the next read alone, too. A frame that is not written takes less time, so "
            "that part of a speed is its policy."
        )
    if noise := ratios.noise_note(beside.speed):
        notes.append(noise)
    if beside.speed and len(ranked) > 1 and not ratios.leads(beside.speed, ranked):
        notes.append("No speed is set in bold: the fastest method's lead is not clear of noise.")
    if beside.speed and any("roofline_ratio" in beside.speed.whole(x) for x in beside.speed.labels):
        notes.append(
            "Roofline: seconds of read and write over the least that this machine's own rates of "
            "multiply-adds and copies allow; 1 is the floor."
        )
    return notes


def _growth_notes(growth: Costs) -> list[str]:
    fits = [fit for label in growth.labels if (fit := state_exponent(growth, label))]
    said = []
    if any(0.05 < fit.value < 0.97 for fit in fits):
        said.append(
            "t^: the slope on log axes over the last decade of t. The first and the previous "
            "frame, which any t has, bend it: a memory that keeps every nth frame nears t^1 from "
            "below."
        )
    if any(fit.low != fit.high for fit in fits):
        said.append(f"t^ from..to: {INTERVAL}. A bent line may end at a power outside of it.")
    curves = ((label, *growth.series(label, "state_bytes")) for label in growth.labels)
    return said + short_fits(curves)


def _protocol(scores: Scores) -> str:
    """The metrics protocol with its one-line rule."""
    known = PROTOCOLS.get(scores.setting.protocol)
    return f"{known.name} ({known.summary})" if known else scores.setting.protocol or "not noted"
