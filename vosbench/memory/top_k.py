"""Attention to the k best stored locations of each query location, in constant temporary memory.

    S = scale K^T Q + bias          score of every stored location with every query location
    R = sum_i softmax(S)_i V_i      over the k best locations i alone, softmax included

Scores are made block by block, and the k best so far are kept. Their values are then added up frame
by frame by `embedding_bag`, which reads k values per query location; a product of matrices would
read all that are stored, with weights that are mostly zero. What grows with the number of frames is
8 bytes for each: where it ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from vosbench.memory import bank as banks
from vosbench.memory.attention import attend, scores, values, wants_gradient
from vosbench.memory.bank import Bank, Bias, Board, length, widen


def attend_top_k(
    bank: Bank, query: Tensor, k: int | None, *, scale: float, bias: Bias | None = None
) -> Tensor:
    """Attention over the k best stored locations of each query location; arguments as `attend`.

    With k = None it is `attend`: networks are trained with the softmax over all locations.

    Half precision is scored and summed in float32. Where a gradient is wanted, and in an exported
    graph, the scores of the whole bank are held at once. Which of equal scores are kept is the same
    in every run and for any number of threads, but not specified.
    """
    if k is None:
        return attend(bank, query, scale=scale, bias=bias)
    asked = widen(query) * scale
    k = min(k, sum(key.shape[2] for key in bank.keys))
    if torch.compiler.is_compiling():
        readout = _dense(bank, *scores(bank, asked, bias).topk(k, 2))
    elif wants_gradient(bank, query, bias):
        readout = _joined(bank, *scores(bank, asked, bias).topk(k, 2))
    else:
        best, place = _best(bank, asked, bias, k)
        readout = _by_frame(bank, torch.softmax(best, 2, out=best), place)
    return readout.mT.to(bank.values[0].dtype)


def _dense(bank: Bank, best: Tensor, place: Tensor) -> Tensor:
    """The readout by a product with all values: in ONNX, `embedding_bag` is a loop."""
    stored = values(bank)
    everywhere = best.new_zeros(*best.shape[:2], stored.shape[1])
    return everywhere.scatter(2, place, best.softmax(2)) @ stored


def _joined(bank: Bank, best: Tensor, place: Tensor) -> Tensor:
    """The readout from a table of all values, for the backward pass."""
    stored = values(bank)
    objects, locations, _ = stored.shape
    first = locations * torch.arange(objects, device=place.device)[:, None, None]
    weight = best.softmax(2).expand(objects, -1, -1)
    readout = embedding_bag(
        (place + first).flatten(0, 1), stored.flatten(0, 1), mode="sum",
        per_sample_weights=weight.flatten(0, 1),
    )  # fmt: skip
    return readout.view(objects, -1, readout.shape[1])


def _best(bank: Bank, asked: Tensor, bias: Bias | None, k: int) -> tuple[Tensor, Tensor]:
    """The k best scores and their places in the bank, each (objects or 1, pixels_q, k)."""
    board = Board.of(bank, asked, bias, extra=k, limits=banks.TOP_K)
    shape = board.several, asked.shape[2], k
    best, place = asked.new_empty(shape), asked.new_empty(shape, dtype=torch.int64)
    for start, here in board.parts(asked):
        part = slice(start, start + here.shape[1])
        best[:, part], place[:, part] = _best_of_part(board, here, k)
    return best, place


def _best_of_part(board: Board, asked: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """As `_best`, of some of the query locations."""
    shape = board.several, asked.shape[1], k
    best, place = asked.new_full(shape, -torch.inf), asked.new_zeros(shape, dtype=torch.int64)
    before = 0
    for block in board.blocks:
        n = length(block)
        score = board.scores(block, asked)
        score[..., n : n + k] = best  # the best so far stand for all before
        best, column = score.topk(k, 2, sorted=False)
        place = _places(place, column, n, before)
        before += n
    return best, place


def _places(place: Tensor, column: Tensor, n: int, before: int) -> Tensor:
    """Where in the bank the chosen columns lie; those past the n locations of a block are old."""
    old = place.gather(2, (column - n).clamp_(0, place.shape[2] - 1))
    return torch.where(column < n, column.add_(before), old)


def _by_frame(bank: Bank, weight: Tensor, place: Tensor) -> Tensor:
    """The readout (objects, pixels_q, value_dim); weight and place (objects or 1, pixels_q, k)."""
    objects, width = bank.values[0].shape[:2]
    readout = weight.new_zeros(objects, weight.shape[1], width)
    for i in range(len(weight)):
        readers = range(objects) if len(weight) == 1 else (i,)
        for bags in _bags(bank, weight[i], place[i]):
            for o in readers:
                readout[o] += bags.sums(bank.values[bags.frame][o])
    return readout


class Bags(NamedTuple):
    """What the query locations read of one frame, one query location after the other."""

    frame: int
    at: Tensor  # locations in the frame
    weight: Tensor  # of each
    query: Tensor  # whose each is, in rising order
    every: Tensor  # all query locations

    def sums(self, value: Tensor) -> Tensor:
        """The weighted sums (pixels_q, value_dim) of a value (value_dim, pixels)."""
        rows = widen(value).mT.contiguous()  # no copy of float32, channels last
        first = torch.searchsorted(self.query, self.every)  # where those of each start
        return embedding_bag(self.at, rows, first, mode="sum", per_sample_weights=self.weight)


def _bags(bank: Bank, weight: Tensor, place: Tensor) -> Iterator[Bags]:
    """The bags of each frame of which something is read; weight and place (pixels_q, k).

    All are put in order at once: the memory is the same wherever the places lie.
    """
    lengths = [key.shape[2] for key in bank.keys]
    ends = torch.tensor(list(accumulate(lengths)), device=place.device)
    frame = torch.bucketize(place.flatten(), ends, out_int32=True, right=True)
    frame, order = frame.sort(stable=True)
    at, weight = place.flatten()[order], weight.flatten()[order]
    query = order.div_(place.shape[1], rounding_mode="floor")
    every = torch.arange(len(place), device=place.device)
    begin = before = 0
    for i, pixels in enumerate(lengths):
        end = int(torch.searchsorted(frame, i, right=True))
        if end > begin:
            here = slice(begin, end)
            yield Bags(i, at[here].sub_(before), weight[here], query[here], every)
        begin, before = end, before + pixels
