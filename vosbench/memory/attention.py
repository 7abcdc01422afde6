"""Attention over a bank of stored frames, in temporary memory that does not grow with the bank.

    S = scale K^T Q + bias           score of every stored location with every query location
    R = V softmax(S)                 softmax over the stored locations of all frames

The softmax is taken online, block by block. After some blocks, R is their readout and l the
logarithm of their summed exp(S): together they stand for all of them as one more location, of
score l and value R, in the softmax of the next block.

Source: Milakov, Gimelshein, "Online normalizer calculation for softmax", arXiv:1805.02867.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vosbench.memory.bank import Bank, Bias, Block, Board, length, widen


def attend(bank: Bank, query: Tensor, *, scale: float, bias: Bias | None = None) -> Tensor:
    """Softmax attention of every query location over all stored locations.

    Half precision is scored and summed in float32. Where a gradient is wanted, the scores of the
    whole bank are held at once: the backward pass needs them, and clips are short.

    Args:
        bank: at least one frame.
        query: (objects or 1, key_dim, pixels_q).
        scale: factor of the products of keys and queries.
        bias: added to the scores of each stored location; per frame (objects or 1, pixels).

    Returns:
        Readout (objects, value_dim, pixels_q), channels last in memory.
    """
    asked = widen(query) * scale
    if wants_gradient(bank, query, bias):
        readout = scores(bank, asked, bias).softmax(2) @ values(bank)
    else:
        board = Board.of(bank, asked, bias, extra=1)
        readout = asked.new_zeros(board.objects, asked.shape[2], bank.values[0].shape[1])
        for start, here in board.parts(asked):
            _online(board, here, readout[:, start : start + here.shape[1]])
    return readout.mT.to(bank.values[0].dtype)


def _online(board: Board, asked: Tensor, readout: Tensor) -> None:
    """Adds block after block to `readout` (objects, pixels_q, value_dim), zero before."""
    past: Tensor | float = torch.finfo(asked.dtype).min  # l, of nothing so far
    for block in board.blocks:
        n = length(block)
        score = board.scores(block, asked)
        score[..., n : n + 1] = past  # one more location
        past = score.amax(2, keepdim=True)
        weight = torch.softmax(score, 2, out=score)
        readout *= weight[..., n : n + 1]
        add_values(board.bank, block, weight, readout)
        past -= score.amax(2, keepdim=True).log_()  # l = max S - log max softmax(S)


def attend_top_k(
    bank: Bank, query: Tensor, k: int, *, scale: float, bias: Bias | None = None
) -> Tensor:
    """Attention over the k best stored locations of each query location; arguments as `attend`.

    One pass keeps the k best scores so far and where they are, a second one adds up the values:
    both block by block, so that temporary memory does not grow with the bank here either.
    """
    asked = widen(query) * scale
    k = min(k, sum(key.shape[2] for key in bank.keys))
    if wants_gradient(bank, query, bias):
        best, place = scores(bank, asked, bias).topk(k, 2)
        everywhere = best.new_zeros(*best.shape[:2], sum(key.shape[2] for key in bank.keys))
        readout = everywhere.scatter(2, place, best.softmax(2)) @ values(bank)
    else:
        board = Board.of(bank, asked, bias, extra=k)
        readout = asked.new_zeros(board.objects, asked.shape[2], bank.values[0].shape[1])
        for start, here in board.parts(asked):
            best, place = _best(board, here, k)
            _spread(board, best.softmax(2), place, readout[:, start : start + here.shape[1]])
    return readout.mT.to(bank.values[0].dtype)


def _best(board: Board, asked: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k best scores and their places in the bank, each (objects or 1, pixels_q, k)."""
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


def _spread(board: Board, weight: Tensor, place: Tensor, readout: Tensor) -> None:
    """Adds the values at the places by their weights, (objects or 1, pixels_q, k) both."""
    before = 0
    for block in board.blocks:
        n = length(block)
        columns = place - before
        columns.masked_fill_((columns < 0) | (columns > n), n)  # another block's: never read
        spread = board.empty(block, weight.shape[1]).zero_()
        add_values(board.bank, block, spread.scatter_add_(2, columns, weight), readout)
        before += n


def add_values(bank: Bank, block: Block, weight: Tensor, readout: Tensor) -> None:
    """R += A V^T over one block; weight A (objects or 1, pixels_q, locations and more)."""
    weight = weight.expand(len(readout), -1, -1)
    for i, begin, end, at in block:
        value = widen(bank.values[i][..., begin:end]).mT
        torch.baddbmm(readout, weight[..., at : at + end - begin], value, out=readout)


def scores(bank: Bank, asked: Tensor, bias: Bias | None) -> Tensor:
    """S of the whole bank, (objects or 1, pixels_q, locations), for the backward pass."""
    score = asked.mT @ widen(torch.cat(bank.keys, 2))
    return score if bias is None else score + torch.cat(bias, 1)[:, None]


def values(bank: Bank) -> Tensor:
    """V of the whole bank, (objects, locations, value_dim), for the backward pass."""
    return widen(torch.cat(bank.values, 2)).mT


def wants_gradient(bank: Bank, query: Tensor, bias: Bias | None) -> bool:
    """Whether autograd has to see this read."""
    inputs = (query, *bank.keys, *bank.values, *(bias or ()))
    return torch.is_grad_enabled() and any(x.requires_grad for x in inputs)
