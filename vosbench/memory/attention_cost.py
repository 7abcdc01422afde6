"""What `attend` and `attend_top_k` cost: multiply-adds and peak temporary bytes, by formula."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from vosbench.memory.bank import length, queries_at_once, row, split


class ReadCost(NamedTuple):
    """Of one read; 1 MAC = 2 FLOPs."""

    macs: int
    temporary_bytes: int  # float32, the readout left out


def attention_cost(
    lengths: Sequence[int], pixels: int, objects: int, key_dim: int, value_dim: int,
    *, shared: bool = False, k: int | None = None,
) -> ReadCost:  # fmt: skip
    """Cost of a read without gradients by a query (1, key_dim, pixels).

    MACs: stored x pixels x (objects or 1 x key_dim + objects x value_dim), top k or not: the values
    are added up by a product with weights that are mostly zero then. At once: the scaled query, the
    scores of one block, and a few numbers per query location.

    Args:
        lengths: locations of each stored frame.
        pixels: query locations.
        objects: read together.
        key_dim: channels of keys and queries.
        value_dim: channels of values.
        shared: all objects have the same keys.
        k: of `attend_top_k`; None for `attend`.
    """
    several, stored = 1 if shared else objects, sum(lengths)
    kept = 1 if k is None else min(k, stored)  # extra columns of a row
    columns = max(row(length(block), kept) for block in split(list(lengths)))
    queries = min(pixels, queries_at_once(objects, columns))
    per_query = 2.0  # l and the largest weight
    if k is not None:
        per_query = 9.25 * kept  # scores (1), places of 8 bytes (4 x 2), which are new (1 / 4)
    temporary = key_dim * pixels + several * queries * (columns + per_query)
    return ReadCost(
        macs=stored * pixels * (several * key_dim + objects * value_dim),
        temporary_bytes=int(4 * temporary),
    )
