"""Choosing stored locations: the worthiest stay, in the order in which they were written."""

from __future__ import annotations

from torch import Tensor


def worthiest(worth: Tensor, count: int) -> Tensor:
    """Indices (..., count) of the largest of worth (..., stored), ascending; fewer if all fit.

    Equals go to the older location: a stable sort, unlike topk, answers alike on every machine.

    >>> import torch
    >>> worthiest(torch.tensor([1.0, 3.0, 0.0, 1.0]), 2)
    tensor([0, 1])
    """
    return worth.sort(descending=True, stable=True).indices[..., :count].sort().values


def pick(x: Tensor, index: Tensor) -> Tensor:
    """Locations index (several or 1, count), or (count,), of x (several, channels, stored).

    >>> import torch
    >>> pick(torch.tensor([[[1, 2, 3]], [[4, 5, 6]]]), torch.tensor([[0], [2]])).tolist()
    [[[1]], [[6]]]
    """
    if index.ndim == 1:
        return x[..., index]
    return x.gather(2, index[:, None].expand(len(x), x.shape[1], -1))
