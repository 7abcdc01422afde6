"""Anisotropic L2 similarity as one product: the affinity of XMem and of what followed it.

    S_ij = -s_i sum_c e_cj (k_ci - q_cj)^2  =  left_i . right_j
    left = [s k, s k^2, s]        right = [2 e q, -e, -sum_c e q^2]

Shrinkage s says how sure a stored location is, selection e which channels a query location asks by.

Source: Cheng, Schwing, "XMem", ECCV 2022, arXiv:2207.07115, equation 3.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vosbench.memory.bank import widen


def l2_left(key: Tensor, shrinkage: Tensor) -> Tensor:
    """K (n, key_dim, stored), s (n, 1, stored) -> (n, 2 key_dim + 1, stored), float32 or wider."""
    key, s = widen(key), widen(shrinkage)
    return torch.cat([s * key, s * key.square(), s], 1)


def l2_right(query: Tensor, selection: Tensor) -> Tensor:
    """Q and e (n, key_dim, pixels) -> (n, 2 key_dim + 1, pixels), float32 or wider.

    >>> import torch
    >>> key, query = torch.tensor([[[1.0], [2.0]]]), torch.tensor([[[4.0], [0.0]]])
    >>> s, e = torch.tensor([[[10.0]]]), torch.tensor([[[1.0], [0.5]]])
    >>> (l2_left(key, s).mT @ l2_right(query, e)).item()  # -10 (1 x 9 + 0.5 x 4)
    -110.0
    """
    query, e = widen(query), widen(selection)
    return torch.cat([2 * e * query, -e, -(e * query.square()).sum(1, keepdim=True)], 1)
