"""What a counter says of a step, and the operators that do no arithmetic, which none has to count.

Why one that does arithmetic is left out: `metrics.uncounted`.
"""

from __future__ import annotations

from typing import NamedTuple


class Counted(NamedTuple):
    """What a counter says of one step."""

    macs: int  # with our rules for what it lacks
    unaided: int  # by its own rules alone, in its own units
    uncounted: dict[str, int]  # operators that do arithmetic but have no rule -> calls


def plain(name: str) -> str:
    """An operator's name without namespace and underscores, the same for both counters.

    >>> plain("aten::exp_"), plain("_softmax"), plain("aten::__and__")
    ('exp', 'softmax', 'and')
    """
    return name.rpartition("::")[2].strip("_")


_MOVES = """
    alias arange as_strided broadcast_tensors bool cat chunk clone constant_pad_nd contiguous copy
    detach device diag_embed diagonal dim dropout empty empty_like empty_strided expand expand_as
    fill flatten flip float full full_like gather half index index_copy index_fill index_put
    index_select Int is_floating_point item lift_fresh linspace local_scalar_dense masked_fill
    masked_scatter masked_select meshgrid mH mT movedim narrow new_empty new_empty_strided new_full
    new_ones new_tensor new_zeros nonzero numel numpy_T one_hot ones ones_like pad permute rand
    randn ravel repeat repeat_interleave reshape reshape_as resize roll ScalarImplicit scatter
    select set size slice slice_scatter split split_with_sizes squeeze stack stride swapaxes t take
    take_along_dim tensor tile to to_copy transpose type type_as unbind unfold unsafe_view unflatten
    unsqueeze view view_as where zero zeros zeros_like
"""
MOVES = frozenset(_MOVES.split())  # operators that only make, move or rename numbers
