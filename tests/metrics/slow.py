"""J and F of one object in one frame, slow and obvious: what the kernel is tested against."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.morphology import dilation, disk

Binary = NDArray[np.bool_]


def boundary(mask: Binary) -> Binary:
    """Pixels whose 2x2 block, the edge repeated, is not uniform. mask (height, width)."""
    wide = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    block = np.stack([wide[:-1, :-1], wide[:-1, 1:], wide[1:, :-1], wide[1:, 1:]])
    return np.asarray(block.any(axis=0) & ~block.all(axis=0))


def j(truth: Binary, prediction: Binary) -> float:
    """|P and G| / |P or G|, and 1 where both are empty."""
    union = np.sum(truth | prediction)
    return float(np.sum(truth & prediction) / union) if union else 1.0


def f(truth: Binary, prediction: Binary, radius: int | None = None) -> float:
    """2 P R / (P + R) of boundaries matched within a radius, by default 0.008 of the diagonal."""
    if radius is None:
        radius = int(np.ceil(0.008 * np.linalg.norm(truth.shape)))
    footprint = disk(radius)  # type: ignore[no-untyped-call]
    true, predicted = boundary(truth), boundary(prediction)
    if not true.any() or not predicted.any():
        return float(true.any() == predicted.any())
    precision = np.sum(predicted & dilation(true, footprint)) / np.sum(predicted)
    recall = np.sum(true & dilation(predicted, footprint)) / np.sum(true)
    total = precision + recall
    return float(2 * precision * recall / total) if total else 0.0
