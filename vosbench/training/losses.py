"""Losses on logits (clips, 1, H, W) against masks (clips, 1, H, W) of 0 and 1."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

Loss = Callable[[Tensor, Tensor], Tensor]


def cross_entropy(logits: Tensor, mask: Tensor) -> Tensor:
    """Mean binary cross-entropy over all pixels."""
    return F.binary_cross_entropy_with_logits(logits, mask)


def soft_iou(logits: Tensor, mask: Tensor) -> Tensor:
    """1 - (sum(p m) + 1) / (sum(p + m - p m) + 1), the mean over clips; p = sigmoid(logits).

    The pixel added to both makes predicting nothing right where the mask is empty.
    """
    p = logits.sigmoid().flatten(1)
    m = mask.flatten(1)
    both = (p * m).sum(1)
    return 1 - ((both + 1) / (p.sum(1) + m.sum(1) - both + 1)).mean()


def hybrid(logits: Tensor, mask: Tensor) -> Tensor:
    """Cross-entropy + soft IoU: our reading of the GC paper's undefined "hybrid loss"."""
    return cross_entropy(logits, mask) + soft_iou(logits, mask)


LOSSES: dict[str, Loss] = {"cross_entropy": cross_entropy, "hybrid": hybrid}
