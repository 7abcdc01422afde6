"""Memory over t: bytes that live between frames, and bytes a read or write needs for a moment."""

from vosbench.harness.growth.limit import parse_bytes, show_bytes
from vosbench.harness.growth.measure import cut_short, formula, measure, protocols, times, track

__all__ = [
    "cut_short",
    "formula",
    "measure",
    "parse_bytes",
    "protocols",
    "show_bytes",
    "times",
    "track",
]
