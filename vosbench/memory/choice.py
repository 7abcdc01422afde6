"""Choosing stored locations: the worthiest stay, in the order in which they were written.

A store is a NamedTuple of tensors (..., stored): what a memory knows of each of its locations.
"""

from __future__ import annotations

from typing import Any, TypeVar

import torch
from torch import Tensor

Store = TypeVar("Store", bound=tuple[Any, ...])


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


def keep_worthiest(store: Store, worth: Tensor, count: int) -> Store:
    """The store's `worthiest` locations, worth (stored,) or (several or 1, stored)."""
    kept = worthiest(worth, count)
    return type(store)(*(pick(x, kept) for x in store))


def join(*stores: Store) -> Store:
    """The locations of one store after those of the other."""
    return type(stores[0])(*(torch.cat(xs, -1) for xs in zip(*stores, strict=True)))
