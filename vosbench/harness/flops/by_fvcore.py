"""Multiply-adds by fvcore, with the rules that it lacks, and the operators left uncounted.

fvcore by itself gives 0 for `scaled_dot_product_attention` and `baddbmm`; too little for a product
of matrices that is broadcast over its first operand; 0 for a result that is not returned, since it
traces and the tracer drops it; and it traces modules' `forward` only. Where it has a rule for
something else than products and convolutions (normalisation, resizing), it adds operations of
another kind. Here each of these has a rule of ours, every result is returned and the step is made
a module. What fvcore would have said by itself is kept beside.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from vosbench.errors import PluginError, one_line
from vosbench.harness.flops.operators import MOVES, Counted, plain
from vosbench.memory import tensors

with warnings.catch_warnings():  # fvcore's own import uses what torch deprecates
    warnings.simplefilter("ignore", FutureWarning)
    from fvcore.nn import FlopCountAnalysis
    from fvcore.nn.flop_count import _DEFAULT_SUPPORTED_OPS
    from fvcore.nn.jit_handles import conv_flop_jit, einsum_flop_jit, get_shape, linear_flop_jit

Rule = Callable[[Sequence[Any], Sequence[Any]], Any]  # traced inputs, outputs -> MACs


def fvcore_counts(step: Callable[[], Any], parts: nn.Module) -> Counted:
    """Counts one step; `parts` is the module whose weights it uses.

    Raises:
        PluginError: the step runs, but not while it is traced.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's remarks on shapes read as numbers
        analysis = _Analysis(_Call(step, parts), ())
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        analysis.set_op_handle(**{op: _both(op) for op in {*RULES, *_DEFAULT_SUPPORTED_OPS}})
        try:
            found = analysis.by_operator()
        except Exception as error:  # of many kinds, by what is done with a size
            step()  # its own error, if it has one, comes first
            raise PluginError(
                f"fvcore cannot trace it ({one_line(error, longest=120)}): while it is traced, "
                "sizes are tensors, so take int(x.shape[i]) where a number is needed"
            ) from error
        met: Counter[str] = Counter()
        for op, calls in analysis.unsupported_ops().items():
            met[plain(op)] += calls
    met += Counter({op.removeprefix("call "): n for op, n in found.items() if "call " in op})
    return Counted(int(found["macs"]), int(found["unaided"]), dict(met))


class _Analysis(FlopCountAnalysis):  # type: ignore[misc]
    """Fvcore's own analysis; it hides max, clamp and relu, this one what does no arithmetic."""

    def _should_ignore_node(self, node: Any) -> bool:
        kind = str(node.kind())
        if not kind.startswith("aten::"):
            return bool(super()._should_ignore_node(node))
        sizes = all(not get_shape(x) for x in node.outputs())  # arithmetic on sizes: single numbers
        return sizes or plain(kind) in MOVES


class _Call(nn.Module):
    """A function as a module, because fvcore traces nothing else.

    What it returns is flattened: an output that is not returned would be traced away, uncounted.
    """

    def __init__(self, step: Callable[[], Any], parts: nn.Module) -> None:
        super().__init__()
        self.step = step
        self.parts = parts

    def forward(self) -> tuple[Tensor, ...]:
        return tuple(x.clone() for x in tensors(self.step()))  # an input itself cannot be traced


def _both(op: str) -> Rule:
    """A rule that counts ours as "macs" and fvcore's as "unaided"."""
    ours, theirs = RULES.get(op), _DEFAULT_SUPPORTED_OPS.get(op)

    def rule(inputs: Sequence[Any], outputs: Sequence[Any]) -> Counter[str]:
        counts: Counter[str] = Counter()
        counts["macs"] = _number(ours, inputs, outputs)
        counts["unaided"] = _number(theirs, inputs, outputs)
        if ours is None:
            counts[f"call {plain(op)}"] = 1
        return counts

    return rule


def _number(rule: Rule | None, inputs: Sequence[Any], outputs: Sequence[Any]) -> int:
    try:
        found = 0 if rule is None else rule(inputs, outputs)
    except AssertionError:  # fvcore's own rules refuse an `out=`, and would end the count there
        return 0
    return int(sum(found.values()) if isinstance(found, Counter) else found)


def _product(at: int) -> Rule:
    """A product of matrices: each number of the result sums over the last axis of input `at`."""

    def rule(inputs: Sequence[Any], outputs: Sequence[Any]) -> int:
        return int(math.prod(get_shape(outputs[0])) * get_shape(inputs[at])[-1])

    return rule


def _attention(inputs: Sequence[Any], outputs: Sequence[Any]) -> int:
    """Q K^T and the product with V; query (..., asked, E), key (..., stored, E), value."""
    *batch, asked, width = get_shape(inputs[0])
    stored, value_width = get_shape(inputs[2])[-2:]
    return int(math.prod(batch) * asked * stored * (width + value_width))


def _bags(inputs: Sequence[Any], outputs: Sequence[Any]) -> int:
    """Each index reads a row of weights, times a weight of its own, and adds it up."""
    return int(math.prod(get_shape(inputs[1])) * get_shape(inputs[0])[1])


RULES: dict[str, Rule] = {
    "aten::_convolution": conv_flop_jit,
    "aten::convolution": conv_flop_jit,
    "aten::einsum": einsum_flop_jit,
    "aten::linear": linear_flop_jit,
    "aten::mm": _product(0),
    "aten::mv": _product(0),
    "aten::dot": _product(0),
    "aten::bmm": _product(0),
    "aten::matmul": _product(0),
    "aten::addmm": _product(1),
    "aten::addmv": _product(1),
    "aten::baddbmm": _product(1),
    "aten::embedding_bag": _bags,
    "aten::scaled_dot_product_attention": _attention,
}
