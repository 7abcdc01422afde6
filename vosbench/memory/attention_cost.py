"""What a bank costs that `attend` or `attend_top_k` reads, by formula."""

from __future__ import annotations

from collections.abc import Sequence

from vosbench.memory import bank as banks
from vosbench.memory.bank import length, longest, queries_at_once, row, split
from vosbench.memory.interface import Cost


def attention_cost(
    frames: int | Sequence[int], pixels: int, objects: int, key_dim: int, value_dim: int,
    *, shared: bool = False, k: int | None = None,
) -> Cost:  # fmt: skip
    """Cost of a bank, and of a read without gradients by a query (1, key_dim, pixels).

    MACs: pixels x (stored x (objects or 1) x key_dim + read x objects x value_dim): a query
    location is scored against all that is stored, and reads all of it, or the k best. A write
    appends, and multiplies nothing.

    State: 4 stored ((objects or 1) key_dim + objects value_dim) bytes.

    At once: the scaled query; the scores of one block and a few numbers per query location; then,
    of top k alone, one frame's values of one object, its readout, and where the k best are.

    Args:
        frames: stored ones, of `pixels` locations each; or the locations of each.
        pixels: query locations.
        objects: read together.
        key_dim: channels of keys and queries.
        value_dim: channels of values.
        shared: all objects have the same keys.
        k: of `attend_top_k`; None for `attend`.
    """
    several, limits = 1 if shared else objects, banks.ALL if k is None else banks.TOP_K
    if isinstance(frames, int):  # asked for every t of a long video: no list of its frames
        stored, largest, block = frames * pixels, pixels, longest(frames, pixels, limits.locations)
    else:
        stored, largest = sum(frames), max(frames)
        block = max(map(length, split(list(frames), limits.locations)))
    kept = 1 if k is None else min(k, stored)  # extra columns of a row
    columns = row(block, kept)
    queries = queries_at_once(pixels, objects, columns, limits)
    temporary = 4 * several * queries * (columns + 2)  # l and the largest weight
    if k is not None:
        readout = 4 * objects * pixels * value_dim  # not there yet while scores are made
        scoring = several * queries * (4 * columns + 37 * kept) - readout
        adding = 24 * pixels * kept + 32 * pixels + 4 * value_dim * (pixels + largest)
        temporary = 12 * several * pixels * kept + max(scoring, adding)
    read = kept if k else stored
    return Cost(
        read_macs=pixels * (stored * several * key_dim + read * objects * value_dim),
        write_macs=0,
        state_bytes=4 * stored * (several * key_dim + objects * value_dim),
        temporary_bytes=4 * key_dim * pixels + temporary,
    )
