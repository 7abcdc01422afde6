"""Figures of the report: matplotlib draws, the page's style sheet colours."""

from vosbench.report.figures.base import Figure

__all__ = ["Figure"]
