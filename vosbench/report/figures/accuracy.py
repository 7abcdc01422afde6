"""Figures of accuracy: speed against accuracy, drift over t, J&F per sequence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from vosbench.report.costs import Costs
from vosbench.report.drift import drift
from vosbench.report.figures.base import (
    INK,
    MUTED,
    WIDTH,
    Figure,
    Palette,
    drawing,
    finish,
    legend,
    log_axis,
    short,
)
from vosbench.report.paper import Published, published_points
from vosbench.report.pareto import Point, front
from vosbench.report.runs import Run
from vosbench.report.scores import Scores
from vosbench.report.settings import donor

READABLE = 10  # pixels: digits are never smaller on a screen
_HOLLOW: Any = {"linestyle": "", "markerfacecolor": "none", "color": INK, "zorder": 4}
_RINGS = (  # around the dots of a front, one shape per cost
    _HOLLOW | {"marker": "o", "markersize": 12, "markeredgewidth": 0.9},
    _HOLLOW | {"marker": "s", "markersize": 15, "markeredgewidth": 0.9},
)


def any_untrained(runs: Sequence[Run]) -> bool:
    """Whether a figure of these runs needs the warning."""
    return any(run.untrained for run in runs)


def axis_text(text: str, runs: Sequence[Run]) -> str:
    """An accuracy axis, with the warning where it applies."""
    return f"{text}, untrained weights" if any_untrained(runs) else text


def points(scores: Scores, speed: Costs | None) -> list[Point]:
    """Every run of the setting that has both a speed and a J&F over all sequences."""
    if speed is None:
        return []
    found = []
    for run in scores.ranked():
        fps = speed.at(run.label, "fps", None)
        if fps:
            found.append((run, 1 / fps, scores.total(run)["J&F"]))
    return found


def speed_accuracy(
    scores: Scores, speed: Costs | None, palette: Palette, name: str,
    marks: Mapping[str, set[Run]],
) -> Figure | None:  # fmt: skip
    """Figure 4 of the GC paper: ours in colour; on DAVIS 2016, the published points in grey."""
    ours = points(scores, speed)
    if not ours or speed is None:
        return None
    behind, note = published_points(scores.setting, len(scores.sequences), speed.setting)
    runs = [run for run, _, _ in ours]
    with drawing(3.4) as (figure, axes):
        _published(axes, behind)
        handles = [_dot(axes, point, palette) for point in ours]
        names = [run.title for run in runs]
        rivals = scores.competing()
        if len(best := front(point for point in ours if point[0] in rivals)) > 1:
            line = [[p[1] for p in best], [100 * p[2] for p in best]]
            handles += axes.plot(*line, color=INK, linewidth=0.8, linestyle="--", zorder=2)
            names.append("our Pareto front")
        for ring, (cost, on) in zip(_RINGS, marks.items(), strict=False):
            spots = [(s, 100 * jf) for run, s, jf in ours if run in on]
            handles += axes.plot(*np.array(spots).reshape(-1, 2).T, **ring)
            names.append(f"unbeaten in J&F and {cost}")
        if behind:
            handles.append(Line2D([], [], color=MUTED, marker="o", linestyle="", alpha=0.6))
            names.append("published, DAVIS 2016")
        axes.set_xlabel("seconds per frame (log)")
        axes.set_ylabel(axis_text("J&F (%)", runs))
        log_axis(axes, "x")
        legend(figure, handles, names)
        caption = f"Up and to the left is better. {note}"
        alt = "; ".join(f"{r.title}: {s:.3g} s per frame, J&F {100 * jf:.1f}" for r, s, jf in ours)
        return finish(figure, name, "Speed against accuracy", caption, alt)


def _dot(axes: Axes, point: Point, palette: Palette) -> Line2D:
    run, seconds, jf = point
    style = palette.style(run.label) | {"linestyle": "", "markersize": 8, "zorder": 3}
    if run.untrained:
        style["markerfacecolor"] = "none"
    if run.swapped:
        style["fillstyle"] = "left"
    return axes.plot(seconds, 100 * jf, **style)[0]


def _published(axes: Axes, behind: Sequence[Published]) -> None:
    for point in behind:
        marker = ">" if point.at_least else "o"
        axes.plot(point.seconds, point.jf, marker, color=MUTED, alpha=0.6, markersize=4, zorder=1)
        under = any(0 < other.jf - point.jf < 3 and 0.7 < other.seconds / point.seconds < 1.6
                    for other in behind)  # fmt: skip
        axes.annotate(
            point.method, (point.seconds, point.jf), (3, -8 if under else 3),
            textcoords="offset points", fontsize=6.5, color=MUTED,
        )  # fmt: skip


def drift_clock(scores: Scores, palette: Palette, name: str) -> Figure | None:
    """Mean J against the frames since a mask was given: how far a method has drifted by then."""
    lines = [(run, *drift(scores, run)) for run in scores.runs]
    lines = [line for line in lines if len(line[1]) > 1]
    if not lines:
        return None
    with drawing() as (figure, axes):
        handles = [axes.plot(t, 100 * J, **_line(run, palette))[0] for run, t, J in lines]
        runs = [run for run, _, _ in lines]
        axes.set_xlabel("frames since the mask was given")
        axes.set_ylabel(axis_text("mean J (%)", runs))
        legend(figure, handles, [run.title for run in runs])
        caption = (
            "Drift clock: mean J over sequences so many frames after an object's mask was given. A "
            "line ends where fewer than half of the method's sequences go on."
        )
        ends = (f"{r.title}: from {100 * J[0]:.1f} to {100 * J[-1]:.1f}" for r, _, J in lines)
        return finish(figure, name, "J by age of the mask", caption, "; ".join(ends))


def _line(run: Run, palette: Palette) -> dict[str, Any]:
    """A method's line, thin where the weights are another method's; no memory on a method's weights
    is dotted in that method's colour.
    """
    owner = donor(run.weights)
    if run.is_control and owner in palette.labels:
        return palette.style(owner, marker=False) | {"linewidth": 1.0, "linestyle": ":"}
    return palette.style(run.label, marker=False) | ({"linewidth": 0.7} if run.swapped else {})


def heat_map(scores: Scores, name: str) -> Figure:
    """J&F of every sequence and method; the hardest sequence at the top."""
    table = scores.per_sequence
    table = table.loc[table.mean(axis=1).sort_values(na_position="last").index]
    mixed = len({run.untrained for run in scores.runs}) > 1
    shown = [short(run.title if mixed else run.name, 40) for run in scores.runs]
    upright = sum(map(len, shown)) > 44  # side by side they would overlap
    rows, columns = table.shape
    tall = 0.9 + 0.21 * rows + (0.07 * max(map(len, shown)) if upright else 0)
    with drawing(tall) as (figure, axes):
        colours = colormaps["cividis"].with_extremes(bad="none")
        axes.pcolormesh(
            np.ma.masked_invalid(100 * table.to_numpy()), cmap=colours, vmin=0, vmax=100,
            edgecolors="none", rasterized=False,
        )  # fmt: skip
        for (y, x), value in np.ndenumerate(table.to_numpy()):
            _cell(axes, x, y, value, size=_digits(columns))
        axes.set_xticks(np.arange(columns) + 0.5, shown, rotation=90 if upright else 0)
        axes.set_xlabel(axis_text("J&F (%)", scores.runs))
        axes.set_yticks(np.arange(rows) + 0.5, [short(str(x), 30) for x in table.index])
        axes.invert_yaxis()
        axes.grid(visible=False)
        for side in axes.spines.values():
            side.set_visible(False)
        caption = axis_text("J&F (%) of each sequence", scores.runs)
        alt = f"J&F of {rows} sequences by {columns} methods; the numbers are in the CSV file"
        drawn = finish(figure, name, "J&F per sequence", f"{caption}; hardest first.", alt)
        return replace(drawn, readable=round(72 * WIDTH * READABLE / _digits(columns)))


def _digits(columns: int) -> float:
    """Points of the digits in a cell."""
    return 6 if columns > 12 else 7.5


def _cell(axes: Axes, x: int, y: int, value: float, *, size: float) -> None:
    missing = math.isnan(value)
    colour = MUTED if missing else "#ffffff" if value < 0.47 else "#000000"
    text = "–" if missing else f"{100 * value:.0f}"  # noqa: RUF001
    axes.text(x + 0.5, y + 0.5, text, ha="center", va="center", color=colour, fontsize=size)
