"""Operators that the counters of multiply-adds have no rule for, and why: the published list."""

from __future__ import annotations

from collections.abc import Mapping

_EACH = "one or a few operations for each number, none of them a product added to a sum"
_SUMS = "additions or comparisons along an axis, no products"
_ORDERS = "comparisons that put numbers into an order"
_SCALES = "a multiply-add for each number, which folds into the convolution before it"
_RESIZES = "a few multiply-adds for each number put out, no product over channels"
_SOLVES = "a factorisation, whose count depends on how it converges"
_PRODUCTS = "a product for which this counter has no rule: it belongs into the number"
_UNKNOWN = "no rule, and not on the list of those without need"

_REASONS = {
    _EACH: """
        abs add addcdiv addcmul and bitwise_and bitwise_not bitwise_or ceil clamp clamp_max
        clamp_min clip cos div elu eq erf exp exp2 expm1 floor floor_divide ge gelu gt hardsigmoid
        hardswish hardtanh isfinite isinf isnan le leaky_relu lerp log log1p log2 logical_and
        logical_not logical_or logical_xor logit lt maximum minimum mul ne neg normal or pow
        reciprocal relu relu6 remainder round rsqrt rsub sgn sigmoid sign silu sin softplus sqrt
        square sub tanh threshold true_divide trunc uniform""",
    _SUMS: """
        all amax amin any argmax argmin aminmax count_nonzero cummax cumprod cumsum
        index_add index_reduce linalg_matrix_norm linalg_norm linalg_vector_norm log_softmax
        logcumsumexp logsumexp max max_pool2d max_pool2d_with_indices mean median min norm
        normalize prod safe_softmax
        scatter_add scatter_reduce softmax std sum trace var var_mean adaptive_avg_pool2d
        adaptive_max_pool2d avg_pool2d cosine_similarity cdist euclidean_dist""",
    _ORDERS: "argsort bucketize kthvalue msort searchsorted sort topk unique unique2",
    _SCALES: """
        batch_norm cudnn_batch_norm group_norm instance_norm layer_norm native_batch_norm
        native_batch_norm_legit native_batch_norm_legit_no_training native_group_norm
        native_layer_norm""",
    _RESIZES: """
        grid_sampler grid_sampler_2d interpolate upsample_bicubic2d upsample_bilinear2d
        upsample_nearest2d""",
    _SOLVES: """
        linalg_cholesky linalg_cholesky_ex linalg_eigh linalg_inv linalg_inv_ex linalg_lu_factor
        linalg_pinv linalg_qr linalg_solve linalg_solve_triangular linalg_svd linalg_svdvals qr
        svd triangular_solve cholesky inverse""",
}
# A product of matrices can be written with these, followed by a sum.
_MULTIPLY = frozenset(
    ("addcdiv", "addcmul", "cdist", "cosine_similarity", "cumprod", "euclidean_dist", "lerp", "mul",
     "pow", "prod", "square")
)  # fmt: skip
_COMMON = {op: why for why, ops in _REASONS.items() for op in ops.split()}

UNCOUNTED: Mapping[str, Mapping[str, str]] = {
    "fvcore": _COMMON
    | dict.fromkeys(
        ["addr", "chain_matmul", "inner", "kron", "linalg_multi_dot", "outer", "tensordot"],
        _PRODUCTS,
    ),
    "torch": _COMMON | dict.fromkeys(["addr", "ger", "vdot"], _PRODUCTS),
    "analytic": {
        "everything but `Conv`, `Linear` and what `Memory.cost` states": "a formula knows its terms"
    },
}  # counter -> operator -> why it is not in that counter's multiply-adds


def why(counter: str, operator: str) -> str:
    """Why a counter left an operator out; one that is not on the list has no rule.

    >>> why("torch", "softmax")
    'additions or comparisons along an axis, no products'
    """
    return UNCOUNTED[counter].get(operator, _UNKNOWN)


def multiplies(counter: str, operator: str) -> bool:
    """Whether an operator that a counter left out may multiply numbers that it counts nowhere.

    >>> [multiplies("torch", operator) for operator in ("mul", "a_kernel_of_mine", "max")]
    [True, True, False]
    """
    return operator in _MULTIPLY or why(counter, operator) in (_SOLVES, _PRODUCTS, _UNKNOWN)
