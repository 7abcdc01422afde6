"""J and F, bit-exact with the official evaluator: counts in one kernel, protocols by name."""

from vosbench.metrics.pairs import Paired, paired
from vosbench.metrics.protocols import PROTOCOLS, Protocol
from vosbench.metrics.sequence import ObjectScore, SequenceScore, Truth
from vosbench.metrics.statistics import summarise

__all__ = [
    "PROTOCOLS",
    "ObjectScore",
    "Paired",
    "Protocol",
    "SequenceScore",
    "Truth",
    "paired",
    "summarise",
]
