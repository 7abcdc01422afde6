"""A bank of stored frames, and how it is scored block by block.

Shapes: objects = objects read together, several = objects, or 1 where keys and query are shared;
pixels = stored locations of a frame, pixels_q = query locations. Scores are kept query by query,
(several, pixels_q, locations): softmax and both products then run along rows, on CPU about twice
as fast as location by location.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

LEAST = 128  # query locations in a part, however many objects: smaller products are slow
ALIGN = 16  # rows of scores start at multiples of 64 bytes: that product is a fifth faster


class Bank(NamedTuple):
    """Stored frames in the order in which they were written. A write appends and copies nothing."""

    keys: tuple[Tensor, ...]  # K: per frame (objects or 1, key_dim, pixels)
    values: tuple[Tensor, ...]  # V: per frame (objects, value_dim, pixels)


Bias = tuple[Tensor, ...]  # per frame (objects or 1, pixels)


def append(bank: Bank | None, key: Tensor, value: Tensor) -> Bank:
    """The bank with one more frame; the old bank is untouched and shares its frames.

    Args:
        bank: frames so far; None before the first.
        key: (objects or 1, key_dim, h, w).
        value: (objects, value_dim, h, w).
    """
    keys, values = bank or Bank((), ())
    return Bank((*keys, key.flatten(2)), (*values, value.flatten(2)))


class Limits(NamedTuple):
    """How much is scored at once. Query locations are taken in parts beyond these."""

    locations: int  # in a block at most
    queries: int  # in a part at most
    scores: int  # held at once


# Larger blocks gain nothing on CPU, and the products of longer parts run past its cache: a tenth
# slower. 64 MiB in float32.
ALL = Limits(2048, 1024, 2**24)
# Putting rows in order takes longer than scoring them, and a long row less than its parts do.
TOP_K = Limits(8192, 1024, 2**22)


class Piece(NamedTuple):
    """Some stored locations of one frame, and where they lie in a block."""

    frame: int
    begin: int
    end: int
    at: int


Block = list[Piece]


def split(lengths: list[int], most: int) -> list[Block]:
    """Blocks of at most so many stored locations: parts of a large frame, or several small ones.

    >>> [[(p.frame, p.begin, p.end) for p in block] for block in split([900, 900, 2100], 2048)]
    [[(0, 0, 900), (1, 0, 900)], [(2, 0, 1050)], [(2, 1050, 2100)]]
    """
    blocks: list[Block] = []
    for i, pixels in enumerate(lengths):
        step = -(-pixels // -(-pixels // most))  # as few parts as can be, of one size
        for begin in range(0, pixels, step):
            end = min(begin + step, pixels)
            if not blocks or length(blocks[-1]) + end - begin > most:
                blocks.append([])
            blocks[-1].append(Piece(i, begin, end, length(blocks[-1])))
    return blocks


def longest(frames: int, pixels: int, most: int) -> int:
    """Locations of the longest block that frames of so many locations are split into.

    >>> longest(7, 900, 2048), longest(1, 900, 2048), longest(7, 2100, 2048)
    (1800, 900, 1050)
    """
    whole = most // pixels  # frames in a block
    return min(frames, whole) * pixels if whole else -(-pixels // -(-pixels // most))


def length(block: Block) -> int:
    """Stored locations in a block."""
    return block[-1].at + block[-1].end - block[-1].begin if block else 0


def row(locations: int, extra: int) -> int:
    """Numbers in a row of scores: locations, extra columns and what fills the last 64 bytes."""
    return -(-(locations + extra) // ALIGN) * ALIGN


def queries_at_once(pixels: int, objects: int, columns: int, limits: Limits) -> int:
    """Query locations in a part, in rows of so many numbers: as few parts as can be, of one size.

    >>> queries_at_once(1620, objects=2, columns=1632, limits=ALL)
    810
    """
    most = max(LEAST, min(limits.queries, limits.scores // (objects * columns)))
    return -(-pixels // -(-pixels // most))


@dataclass(frozen=True)
class Board:
    """Where the scores of one block at a time are written: one piece of memory, used again."""

    bank: Bank
    bias: Bias | None
    blocks: list[Block]
    extra: int  # columns beside the locations, for what was before
    objects: int
    several: int  # objects, or 1 where all have the same scores
    queries: int  # query locations at once
    room: Tensor

    @classmethod
    def of(cls, bank: Bank, asked: Tensor, bias: Bias | None, extra: int, limits: Limits) -> Board:
        """The board of a read; asked (objects or 1, key_dim, pixels_q)."""
        blocks = split([key.shape[2] for key in bank.keys], limits.locations)
        objects, several = len(bank.values[0]), max(len(bank.keys[0]), len(asked))
        columns = max(row(length(block), extra) for block in blocks)
        queries = queries_at_once(asked.shape[2], objects, columns, limits)
        room = asked.new_empty(several * queries * columns)
        return cls(bank, bias, blocks, extra, objects, several, queries, room)

    def parts(self, asked: Tensor) -> Iterator[tuple[int, Tensor]]:
        """Parts (objects or 1, pixels_q, key_dim) of the query locations, and where they start."""
        for start in range(0, asked.shape[2], self.queries):
            yield start, asked[..., start : start + self.queries].mT

    def empty(self, block: Block, queries: int) -> Tensor:
        """Memory for a block's scores (several, queries, columns), with what it held before."""
        columns = row(length(block), self.extra)
        return self.room[: self.several * queries * columns].view(self.several, queries, columns)

    def scores(self, block: Block, asked: Tensor) -> Tensor:
        """S of a block, then columns of -inf; asked (objects or 1, pixels_q, key_dim).

        Object by object, each product over all threads: a batched product of three objects leaves
        one of two threads idle for a quarter of its time.
        """
        score = self.empty(block, asked.shape[1])
        score[..., length(block) :] = -torch.inf
        asked = asked.expand(self.several, -1, -1)
        for i, begin, end, at in block:
            part = score[..., at : at + end - begin]
            key = widen(self.bank.keys[i][..., begin:end]).expand(self.several, -1, -1)
            for out, q, k in zip(part, asked, key, strict=True):
                torch.mm(q, k, out=out)
            if self.bias is not None:
                part += self.bias[i][:, None, begin:end]
        return score


def widen(x: Tensor) -> Tensor:
    """Half precision as float32: scores and their sums outgrow it."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
