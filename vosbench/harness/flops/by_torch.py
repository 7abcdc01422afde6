"""Multiply-adds by torch's FlopCounterMode, with the rules it lacks, and what stays uncounted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry, sdpa_flop

from vosbench.harness.flops.operators import MOVES, Counted, plain

Shape = tuple[int, ...]


def by_torch(step: Callable[[], Any]) -> int:
    """Multiply-adds of a step, as `torch_counts` has them."""
    return torch_counts(step).macs


def torch_counts(step: Callable[[], Any]) -> Counted:
    """Counts one step. By itself, FlopCounterMode gives 0 for the operators of `RULES`.

    >>> a, b = torch.zeros(2, 3), torch.zeros(3, 5)
    >>> torch_counts(lambda: (a @ b).softmax(1).exp_())
    Counted(macs=30, unaided=30, uncounted={'softmax': 1, 'exp': 1})
    """
    # The counter splits operators up before it passes them on: `met` sees what it counted.
    with _Met() as met, FlopCounterMode(display=False, custom_mapping=RULES) as counter:
        step()
    uncounted: Counter[str] = Counter()
    for operator, calls in met.calls.items():
        name = plain(str(getattr(operator, "__name__", operator)))
        if operator not in flop_registry and operator not in RULES and name not in MOVES:
            uncounted[name] += calls
    counts = counter.get_flop_counts().get("Global", {})
    ours = sum(n for operator, n in counts.items() if operator in RULES)
    total = counter.get_total_flops()
    return Counted(total // 2, (total - ours) // 2, dict(uncounted))


class _Met(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the calls of every operator that runs inside the block."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: Counter[Any] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        self.calls[getattr(func, "overloadpacket", func)] += 1
        return func(*args, **(kwargs or {}))


def _vector(at: int) -> Callable[..., int]:
    """A product with a vector: one multiply-add for each number of input `at`; 2 FLOPs."""

    def rule(*shapes: Any, out_shape: Any = None, **kwargs: Any) -> int:
        return int(2 * math.prod(shapes[at]))

    return rule


def _attention(query: Shape, key: Shape, value: Shape, *rest: Any, **kwargs: Any) -> int:
    return int(sdpa_flop(query, key, value))


def _bags(weight: Shape, indices: Shape, *rest: Any, **kwargs: Any) -> int:
    """Each index reads a row of weights, times a weight of its own, and adds it up."""
    return int(2 * math.prod(indices) * weight[1])


_aten = torch.ops.aten
RULES: dict[Any, Callable[..., int]] = {
    _aten.dot: _vector(0),
    _aten.mv: _vector(0),
    _aten.addmv: _vector(1),
    _aten._embedding_bag: _bags,
    _aten._embedding_bag_forward_only: _bags,
    _aten._scaled_dot_product_flash_attention_for_cpu: _attention,
}  # FLOPs, as torch's own
