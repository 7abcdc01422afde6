"""Figures of cost: bytes, multiply-adds and latency over t."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vosbench.report.costs import STAGES, Costs
from vosbench.report.figures.base import (
    SERIES,
    Figure,
    Palette,
    drawing,
    finish,
    legend,
    log_axis,
    short,
)
from vosbench.report.growing import (
    INTERVAL,
    Curve,
    Exponent,
    endings,
    fitted,
    short_fits,
    state_exponent,
)
from vosbench.report.settings import Setting

MACS_NOTE = "1 multiply-add = 2 FLOPs"


def over_t(
    curves: Sequence[Curve], palette: Palette, name: str, title: str, unit: str, caption: str,
    fits: Mapping[str, Exponent] | None = None,
) -> Figure | None:  # fmt: skip
    """Lines on log axes, each with its exponent b (value grows as t^b) in the legend: the given
    fit, or one over the last decade.
    """
    kept = [(label, t[ok], y[ok]) for label, t, y in curves if (ok := (t >= 1) & (y > 0)).any()]
    if not kept:
        return None
    zero = ", ".join(label for label, t, y in curves if not ((t >= 1) & (y > 0)).any())
    with drawing() as (figure, axes):
        handles, names = [], []
        for label, t, y in kept:
            handles += axes.plot(t, y, **palette.style(label, marker=len(t) < 12))
            grows = (fits or {}).get(label) or fitted(t, y)
            names.append(label if grows is None else f"{label}  t^{grows.text}")
        axes.set_xlabel("frame t (log)")
        axes.set_ylabel(f"{unit} (log)")
        log_axis(axes, "x")
        low = min(y.min() for _, _, y in kept)
        high = max(y.max() for _, _, y in kept)
        axes.set_ylim(low / 1.6, high * 1.6)
        log_axis(axes, "y")
        legend(figure, handles, names)
        ends = (f"{x}: {y[0]:.3g} at t = {t[0]:g}, {y[-1]:.3g} at t = {t[-1]:g}"
                for x, t, y in kept)  # fmt: skip
        said = f"{caption} t^b (from..to): slope on log axes over the last decade of t, and "
        said += " ".join([f"{INTERVAL}.", *short_fits(kept)])
        said += f" Log axes have no place for 0: {zero}." if zero else ""
        return finish(figure, name, title, said, f"{unit}; " + "; ".join(ends))


def _curves(costs: Costs, metric: str, scale: float) -> list[Curve]:
    found = ((label, *costs.series(label, metric)) for label in costs.labels)
    return [(label, t, y / scale) for label, t, y in found if t.size]


def growth(costs: Costs, palette: Palette, name: str, like: Setting | None) -> list[Figure]:
    """State bytes over t, and the bytes that one read needs for a moment."""
    where = " ".join(filter(None, (*endings(costs), _where(costs.setting, like))))
    fits = {label: fit for label in costs.labels if (fit := state_exponent(costs, label))}
    state = over_t(
        _curves(costs, "state_bytes", 2**20), palette, f"{name}-state", "State bytes over t",
        "MiB between frames", f"What must be kept from frame to frame. {where}", fits,
    )  # fmt: skip
    temporary = over_t(
        _curves(costs, "read_temporary_bytes", 2**20), palette, f"{name}-temporary",
        "Temporary bytes over t", "MiB during a read",
        f"What one read needs for a moment beside the state and its readout. {where}",
    )  # fmt: skip
    return [figure for figure in (state, temporary) if figure]


def macs(costs: Costs, palette: Palette, name: str, like: Setting | None) -> list[Figure]:
    """Multiply-adds of the read over t, and of every stage at the first and last common t."""
    where = _where(costs.setting, like)
    read = over_t(
        _curves(costs, "read_macs", 1e9), palette, f"{name}-read", "Multiply-adds of a read over t",
        "G multiply-adds", f"The read alone; {MACS_NOTE}. {where}",
    )  # fmt: skip
    return [figure for figure in (read, stages(costs, name, where)) if figure]


def stages(costs: Costs, name: str, where: str) -> Figure | None:
    """Multiply-adds of one frame split by stage, as stacked bars."""
    times = _few_times(costs)
    bars = [(label, t, found) for label in costs.labels for t in times
            if (found := costs.stage_macs(label, t))]  # fmt: skip
    if not bars:
        return None
    present = [stage for stage in STAGES if any(stage in found for _, _, found in bars)]
    with drawing(1.0 + 0.24 * len(bars)) as (figure, axes):
        left, handles = np.zeros(len(bars)), []
        for i, stage in enumerate(present):
            wide = np.array([found.get(stage, 0.0) for _, _, found in bars]) / 1e9
            colour = SERIES[i % len(SERIES)]
            handles.append(axes.barh(range(len(bars)), wide, left=left, color=colour, height=0.7))
            left = left + wide
        axes.set_yticks(range(len(bars)), [f"{short(label, 32)}, t = {t}" for label, t, _ in bars])
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("G multiply-adds per frame")
        legend(figure, handles, [stage.replace("_", " ") for stage in present])
        caption = (
            f"One frame by stage; {MACS_NOTE}. Memory encoding and writing fall away in frames "
            f"that are not written. {where}"
        )
        alt = "; ".join(f"{label}, t = {t}: {x:.3g} G"
                        for (label, t, _), x in zip(bars, left, strict=True))  # fmt: skip
        return finish(figure, f"{name}-stages", "Multiply-adds by stage", caption, alt)


def _few_times(costs: Costs) -> list[int]:
    """Few enough t for one figure: the first, the middle and the last that all methods share."""
    shared = [t for t in costs.common_times if t >= 1]
    last, many = len(shared) - 1, len(costs.labels)
    few = {last} if many > 12 else {0, last} if many > 6 else {0, (last + 1) // 2, last}
    return [shared[i] for i in sorted(few)] if shared else []


def latency(costs: Costs, palette: Palette, name: str, like: Setting | None) -> list[Figure]:
    """Milliseconds of the whole frame and of the read alone, over t."""
    where = _where(costs.setting, like)
    found = []
    for part, what in (("frame", "a frame"), ("read", "a read")):
        curves = _curves(costs, f"{part}_seconds", 1e-3)
        title = f"Latency of {what} over t"
        found.append(over_t(curves, palette, f"{name}-{part}", title, "ms", where))
    return [figure for figure in found if figure]


def _where(setting: Setting, like: Setting | None) -> str:
    """What a caption must add to the heading of its section."""
    said = setting.describe(like)
    return f"{said[:1].upper()}{said[1:]}." if said else ""
