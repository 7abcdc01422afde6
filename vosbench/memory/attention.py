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

from vosbench.memory import bank as banks
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
        board = Board.of(bank, asked, bias, extra=1, limits=banks.ALL)
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


def add_values(bank: Bank, block: Block, weight: Tensor, readout: Tensor) -> None:
    """R += A V^T over one block; weight A (objects or 1, pixels_q, locations and more)."""
    weights = weight.expand(len(readout), -1, -1)
    for i, begin, end, at in block:
        stored = widen(bank.values[i][..., begin:end]).mT
        for out, a, value in zip(readout, weights[..., at : at + end - begin], stored, strict=True):
            torch.addmm(out, a, value, out=out)


def scores(bank: Bank, asked: Tensor, bias: Bias | None) -> Tensor:
    """S of the whole bank, (objects or 1, pixels_q, locations), for the backward pass."""
    score = asked.mT @ widen(torch.cat(bank.keys, 2))
    return score if bias is None else score + torch.cat(bias, 1)[:, None]


def values(bank: Bank) -> Tensor:
    """V of the whole bank, (objects, locations, value_dim), for the backward pass."""
    return widen(torch.cat([value.mT for value in bank.values], 1))


def wants_gradient(bank: Bank, query: Tensor, bias: Bias | None) -> bool:
    """Whether autograd has to see this read."""
    inputs = (query, *bank.keys, *bank.values, *(bias or ()))
    return torch.is_grad_enabled() and any(x.requires_grad for x in inputs)
