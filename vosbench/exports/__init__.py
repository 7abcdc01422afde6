"""Predictions of a store as the zip files that the evaluation servers take."""

from vosbench.exports.layouts import LAYOUTS
from vosbench.exports.submission import Exported, export

__all__ = ["LAYOUTS", "Exported", "export"]
