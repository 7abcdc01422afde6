"""Measurements on disk: cells, rows, the append-only store and the environment stamp. No torch."""

from vosbench.results.cell import CONTROL, UNTRAINED, Cell, Row, canonical
from vosbench.results.folders import ensure_writable
from vosbench.results.lines import Failure
from vosbench.results.store import DamagedRecordWarning, Store

__all__ = [
    "CONTROL", "UNTRAINED", "Cell", "DamagedRecordWarning", "Failure", "Row", "Store", "canonical",
    "ensure_writable",
]  # fmt: skip
