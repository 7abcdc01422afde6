"""Measurements on disk: cells, rows, the append-only store and the environment stamp. No torch."""

from vosbench.results.cell import UNTRAINED, Cell, Row, canonical
from vosbench.results.store import DamagedRecordWarning, Store

__all__ = ["UNTRAINED", "Cell", "DamagedRecordWarning", "Row", "Store", "canonical"]
