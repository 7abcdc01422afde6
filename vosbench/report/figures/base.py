"""What all figures share: palette, style, and SVG that follows the page's light or dark theme."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

INK, MUTED, RULE = "#1c1e21", "#64686e", "#d9dcdf"
# Okabe and Ito's palette, darkened until each colour has a contrast of 3:1 on white; the style
# sheet holds the lighter set for dark pages under the same names, --s0 .. --s7.
SERIES = ("#0072b2", "#d55e00", "#00855f", "#b0508c", "#2f8fc4", "#a87400", "#5c5f66", "#857900")
DASHES = ("-", "--", ":", "-.")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
WIDTH = 4.9  # inches = 353 points: at 9 points, text is still readable 360 pixels wide

_THEME = {INK: "var(--ink)", MUTED: "var(--muted)", RULE: "var(--rule)"} | {
    colour: f"var(--s{i})" for i, colour in enumerate(SERIES)
}
_STYLE: Any = {
    "font.size": 9, "axes.labelsize": 9, "xtick.labelsize": 8.5, "ytick.labelsize": 8.5,
    "legend.fontsize": 8.5, "font.family": "sans-serif", "text.parse_math": False,
    "text.color": INK, "axes.labelcolor": INK, "xtick.color": MUTED, "ytick.color": MUTED,
    "axes.edgecolor": MUTED, "axes.linewidth": 0.6, "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "grid.color": RULE, "grid.linewidth": 0.5,
    "axes.axisbelow": True, "lines.linewidth": 1.6, "lines.markersize": 4.5,
    "legend.frameon": False, "figure.facecolor": "none", "axes.facecolor": "none",
    "savefig.facecolor": "none", "svg.fonttype": "none", "xtick.major.size": 3,
    "ytick.major.size": 3, "xtick.major.width": 0.6, "ytick.major.width": 0.6,
}  # fmt: skip

_UNDATED: Any = {"Date": None, "Creator": None}


@dataclass(frozen=True)
class Figure:
    """A drawn figure: `inline` for the page, `svg` and `png` as files of their own."""

    name: str
    title: str
    caption: str
    alt: str
    inline: str
    svg: str
    png: bytes
    readable: int = 0  # pixels of width below which it scrolls sideways; 0: it shrinks as it must


@dataclass(frozen=True)
class Palette:
    """A colour, dash and marker for each method, the same in every figure.

    Of 32 methods no two share colour and dash, nor colour and marker.
    """

    labels: Sequence[str]

    def style(self, label: str, *, marker: bool = True) -> dict[str, Any]:
        """Keyword arguments of `Axes.plot`."""
        i = self.labels.index(label)
        again = i // len(SERIES)  # how often the colours were used up
        return {
            "color": SERIES[i % len(SERIES)],
            "linestyle": DASHES[again % len(DASHES)],
            "marker": MARKERS[(i + 3 * again) % len(MARKERS)] if marker else None,
        }


@contextmanager
def drawing(height: float = 3.2) -> Iterator[tuple[Drawing, Axes]]:
    """An empty figure with one pair of axes, in the report's style."""
    # A name may hold signs that the font lacks: browsers have them.
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        warnings.filterwarnings("ignore", "constrained_layout not applied")
        figure = Drawing(figsize=(WIDTH, height), layout="constrained")
        yield figure, figure.add_subplot()


def finish(figure: Drawing, name: str, title: str, caption: str, alt: str) -> Figure:
    """The figure in its three forms; the same input gives the same bytes."""
    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        FigureCanvasSVG(figure)
        figure.savefig(text, format="svg", metadata=_UNDATED)
    svg = text.getvalue()
    picture = io.BytesIO()
    figure.set_layout_engine("none")  # both forms have one layout, worked out once
    figure.set_facecolor("white")
    FigureCanvasAgg(figure)
    figure.savefig(picture, format="png", dpi=160, facecolor="white", metadata={"Software": None})
    return Figure(name, title, caption, alt, themed(svg, name), svg, picture.getvalue())


def themed(svg: str, name: str) -> str:
    """An SVG file made fit to stand inside a page: its ids are its own, its colours the page's."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = re.sub(r'(xlink:href="|url\()#', rf"\1#{name}-", body)
    body = re.sub(r"font: ([^;\"]*?)'DejaVu Sans'[^;\"]*", r"font: \1var(--sans)", body)
    body = re.sub(r"#[0-9a-f]{6}\b", lambda hit: _THEME.get(hit[0], hit[0]), body)
    head, rest = body.split(">", 1)
    head = re.sub(r' (width|height)="[^"]*pt"', "", head)
    return f'{head} role="img" aria-labelledby="{name}-title" focusable="false">{rest}'


def legend(figure: Drawing, handles: Sequence[Any], names: Sequence[str]) -> None:
    """A legend under the axes; the figure grows by its rows so that the axes keep their size."""
    longest = max((len(name) for name in names), default=0)
    columns = 1 if longest > 34 else 2 if longest > 18 else 3
    rows = -(-len(names) // columns)
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + 0.18 * rows)
    # Matplotlib drops names that begin with an underscore.
    shown = [f" {short(name)}" if name.startswith("_") else short(name) for name in names]
    figure.legend(handles, shown, loc="outside lower center", ncols=columns, handlelength=2.4)


def short(name: str, most: int = 48) -> str:
    """A name cut so that it leaves room for the axes; tables have it whole.

    >>> short("stm(top_k=20)", 8)
    'stm(top…'
    """
    return name if len(name) <= most else f"{name[: most - 1]}…"


def plain(value: float, _: object = None) -> str:
    """A tick label without exponents.

    >>> [plain(x) for x in (0.02, 0.5, 1, 1000, 2e6, 3e9)]
    ['0.02', '0.5', '1', '1k', '2M', '3G']
    """
    for size, sign in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{sign}"
    return f"{value:g}"


def log_axis(axes: Axes, which: str) -> None:
    """Make an axis logarithmic, with labels that are plain numbers and few."""
    getattr(axes, f"set_{which}scale")("log")
    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = sorted(axis.get_view_interval())
    wide = low > 0 and high / low > 50
    axis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(plain))
    axis.set_minor_locator(NullLocator())
