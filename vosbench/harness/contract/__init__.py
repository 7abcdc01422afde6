"""The contract of a memory module: what `vosbench check` and the tests hold every method to."""

from vosbench.harness.contract.apart import check_apart
from vosbench.harness.contract.breach import BreachError, ExemptError, SkippedError
from vosbench.harness.contract.checks import CHECKS
from vosbench.harness.contract.run import Finding, check

__all__ = [
    "CHECKS",
    "BreachError",
    "ExemptError",
    "Finding",
    "SkippedError",
    "check",
    "check_apart",
]
