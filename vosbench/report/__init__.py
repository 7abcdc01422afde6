"""The report: one self-contained page from stored records alone. Never imports torch."""

from vosbench.report.page import render

__all__ = ["render"]
