"""Products that no counter counts: number by number, without a sum in the same operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

_aten = torch.ops.aten
PRODUCTS = frozenset((_aten.mul, _aten.mul_, _aten.addcmul, _aten.addcmul_))


class _Products(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts them in the block."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0  # products

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        factors = [x for x in args if isinstance(x, Tensor) and x.numel() > 1]
        if getattr(func, "overloadpacket", None) in PRODUCTS and len(factors) > 1:
            self.count += out.numel()
        return out


def products(step: Callable[[], Any]) -> int:
    """Products of two tensors, number by number, in a step.

    >>> a, b = torch.ones(2, 3, 1), torch.ones(3, 5)
    >>> products(lambda: ((a * b).sum(1) / 2, a[:, :, 0] @ b, 2 * a))
    30
    """
    with _Products() as seen:
        step()
    count: int = seen.count
    return count
