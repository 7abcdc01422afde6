"""The contract of a memory module: what `vosbench check` and the tests hold every method to."""

from vosbench.harness.contract.checks import CHECKS, BreachError, ExemptError
from vosbench.harness.contract.run import Finding, check

__all__ = ["CHECKS", "BreachError", "ExemptError", "Finding", "check"]
