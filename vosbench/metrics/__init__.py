"""J and F, bit-exact with the official evaluator: counts in one kernel, protocols by name."""

from vosbench.metrics.protocols import PROTOCOLS, Protocol
from vosbench.metrics.sequence import ObjectScore, SequenceScore, Truth
from vosbench.metrics.statistics import paired_bootstrap, summarise

__all__ = [
    "PROTOCOLS",
    "ObjectScore",
    "Protocol",
    "SequenceScore",
    "Truth",
    "paired_bootstrap",
    "summarise",
]
