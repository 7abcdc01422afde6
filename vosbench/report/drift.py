"""Accuracy against the time since a mask was given."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vosbench.report.runs import Run
from vosbench.report.scores import Scores


def drift(scores: Scores, run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Frames since an object's mask was given, and the mean J then: over a sequence's objects
    first, then over sequences.

    It ends where fewer than half of the sequences go on: a mean over ever fewer and longer
    sequences would show who is left, not drift.
    """
    mine = scores.frames[(scores.frames.label == run.label) & (scores.frames.metric == "J")]
    mine = mine[mine.weights == run.weights].dropna(subset=["value"])
    first = mine.groupby(["sequence", "object"], observed=True).t.transform("min")
    step = mine.groupby("sequence", observed=True).t.transform(_step)
    mine = mine.assign(age=mine.t - first + step)  # the frame that gave the mask is not scored
    each = mine.groupby(["sequence", "age"], observed=True).value.mean().reset_index()
    by_t = each.groupby("age").value.agg(["mean", "size"])
    kept = by_t[by_t["size"] * 2 >= each.sequence.nunique()]
    return kept.index.to_numpy(dtype=float), kept["mean"].to_numpy()


def _step(t: pd.Series) -> int:
    """Frames from one scored frame of a sequence to the next: 1, or as far as masks lie apart."""
    gaps = np.diff(np.unique(t))
    return int(gaps.min()) if len(gaps) else 1
