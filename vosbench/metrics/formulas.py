"""J and F from counts: the formulas of the DAVIS benchmark, in its order of operations.

Perazzi et al., A benchmark dataset and evaluation methodology for video object segmentation,
CVPR 2016; results are bit-identical to davis2017-evaluation (commit ac7c43f).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vosbench.metrics import kernels as c

Counts = NDArray[np.int64]
Curve = NDArray[np.float64]


def region(counts: Counts) -> Curve:
    """Region similarity J = |P and G| / |P or G|, and 1 where both are empty.

    Args:
        counts: (..., 7) integers, columns as in `vosbench.metrics.kernels`.

    >>> region(np.array([[3, 4, 5, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0]]))
    array([0.5, 1. ])
    """
    shared = counts[..., c.INTERSECTION]
    union = counts[..., c.TRUTH_AREA] + counts[..., c.PREDICTION_AREA] - shared
    return _share(shared, union)


def contour(counts: Counts) -> Curve:
    """Boundary measure F = 2 P R / (P + R), and 0 where P + R = 0.

    Precision P is the share of the predicted boundary within the radius of the true one, recall R
    the reverse; the share of an empty boundary is 1.

    >>> contour(np.array([[0, 0, 0, 8, 8, 8, 4], [0, 0, 0, 8, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0]]))
    array([0.66666667, 0.        , 1.        ])
    """
    precision = _share(counts[..., c.PREDICTION_MATCHED], counts[..., c.PREDICTION_BOUNDARY])
    recall = _share(counts[..., c.TRUTH_MATCHED], counts[..., c.TRUTH_BOUNDARY])
    total = precision + recall
    zero = np.zeros_like(total)
    return np.divide(2 * precision * recall, total, out=zero, where=total > 0)


def _share(part: Counts, whole: Counts) -> Curve:
    """The share part / whole, and 1 where there is no whole."""
    return np.divide(part, whole, out=np.ones(part.shape), where=whole > 0)
