"""What `attend` and `attend_top_k` cost: multiply-adds and peak temporary bytes, by formula."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from vosbench.memory import bank as banks
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

    MACs: pixels x (stored x (objects or 1) x key_dim + read x objects x value_dim): a query
    location is scored against all that is stored, and reads all of it, or the k best.

    At once: the scaled query; the scores of one block and a few numbers per query location; then,
    of top k alone, one frame's values of one object, its readout, and where the k best are.

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
    limits = banks.ALL if k is None else banks.TOP_K
    columns = max(row(length(block), kept) for block in split(list(lengths), limits.locations))
    queries = queries_at_once(pixels, objects, columns, limits)
    temporary = 4 * several * queries * (columns + 2)  # l and the largest weight
    if k is not None:
        readout = 4 * objects * pixels * value_dim  # not there yet while scores are made
        scoring = several * queries * (4 * columns + 37 * kept) - readout
        adding = 24 * pixels * kept + 32 * pixels + 4 * value_dim * (pixels + max(lengths))
        temporary = 12 * several * pixels * kept + max(scoring, adding)
    return ReadCost(
        macs=pixels * (stored * several * key_dim + (kept if k else stored) * objects * value_dim),
        temporary_bytes=4 * key_dim * pixels + temporary,
    )
