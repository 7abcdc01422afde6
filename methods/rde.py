"""RDE: one recurrent memory frame of fixed size, beside the first and the last written frame.

    M_1 = X_1;   M_t = compress(M_{t-1}, X_t)       X = key or value, each with layers of its own
    compress(a, b):  x = [a, b], over both frames' locations i
        y_i = x_i + W (sum_j theta(x_i)^T phi(x_j) g(x_j)) / 2 pixels       non-local, no softmax
        z_i = y_i + a relu(W'[aspp_1(y), aspp_2(y), aspp_4(y), aspp_6(y)])  dilated, frame by frame
        M   = 3x3 convolution of both frames' channels together             two frames become one
    R = V softmax(S) of the top 40,  S_ij = (2 k_i^T q_j - |k_i|^2) / sqrt(key_dim), over the
        frames {M_t, X_t, X_1, X_1}: the first counts twice; {X_1, X_1} after one write

Shapes: K (1, key_dim, 4 pixels), V (objects, value_dim, 4 pixels), Q (objects or 1, key_dim,
pixels). State: one frame, then three for ever, of 4 pixels (key_dim + objects value_dim) bytes.
The write is heavy: see `cost`.

Unlike the paper: 3-D convolutions of height 1 in time are 2-D ones here, the same sums; a (per
channel) is not in it: a and W start at zero and the last convolution at the mean, so that untrained
M is (M + X) / 2; no self-correcting training loss. "Last" is the last written frame, every third
one as in the authors' script.

Source: Li, Hu, Xiong, Zhang, Pan, Liu, "Recurrent Dynamic Embedding for Video Object Segmentation",
CVPR 2022, arXiv:2205.03761.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vosbench.memory import (
    Bank,
    Cost,
    Frame,
    Growth,
    KeyScope,
    Memory,
    WritePolicy,
    attend,
    attend_top_k,
    attention_cost,
    check_whole,
    widen,
)
from vosbench.registry import register

DILATIONS = (1, 2, 4, 6)  # of the pyramid; the first has 1x1 kernels


class Recurrent(NamedTuple):
    """The state; after one write the three are the same tensors."""

    memory: tuple[Tensor, Tensor]  # M: key (1, key_dim, h, w), value (objects, value_dim, h, w)
    last: tuple[Tensor, Tensor]
    first: tuple[Tensor, Tensor]
    frames: int  # written


class Compress(nn.Module):
    """(a, b), each (n, channels, h, w) -> one frame (n, channels, h, w)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner, part = max(1, channels // 2), max(1, channels // 4)
        self.theta, self.phi, self.g = (nn.Conv2d(channels, inner, 1) for _ in range(3))
        self.back = nn.Conv2d(inner, channels, 1)  # W
        self.pyramid = nn.ModuleList(
            nn.Conv2d(channels, part, 1 if d == 1 else 3, padding=d if d > 1 else 0, dilation=d,
                      bias=False)
            for d in DILATIONS
        )  # fmt: skip
        self.fuse = nn.Conv2d(4 * part, channels, 3, padding=1, bias=False)  # W'
        self.merge = nn.Conv2d(2 * channels, channels, 3, padding=1)
        self.part = nn.Parameter(torch.zeros(channels, 1, 1))  # a; not W' = 0: relu would stop it
        for x in (*self.back.parameters(), *self.merge.parameters()):
            nn.init.zeros_(x)
        eye = torch.eye(channels)
        self.merge.weight.data[:, :, 1, 1] = torch.cat([eye, eye], 1) / 2

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Compresses two frames into one."""
        x = torch.stack([a, b], 1).flatten(0, 1)  # (n x 2, channels, h, w)
        y = x + self.back(self._non_local(x))
        pyramid = torch.cat([conv(y).relu() for conv in self.pyramid], 1)
        z = y + self.part * self.fuse(pyramid).relu()
        merged: Tensor = self.merge(z.view(len(a), -1, *z.shape[2:]))  # channels of both
        return merged

    def macs(self, pixels: int) -> int:
        """Multiply-adds of one compression."""
        channels, inner, parts = len(self.part), self.back.in_channels, self.fuse.in_channels
        ninefold = 9 * channels * (2 * channels + 2 * parts)  # merge, fuse
        pyramid = 2 * channels * parts // 4 * (1 + 3 * 9)
        non_local = 2 * 4 * channels * inner + 2 * 4 * pixels * inner
        return pixels * (ninefold + pyramid + non_local)

    def _non_local(self, x: Tensor) -> Tensor:
        """Every location of both frames asks every other: cost (2 pixels)^2."""
        asks, keys, gives = (_both(f(x)) for f in (self.theta, self.phi, self.g))
        mixed = gives @ (keys.mT @ asks) / asks.shape[2]  # (n, inner, 2 pixels)
        mixed = mixed.view(*mixed.shape[:2], 2, -1).transpose(1, 2)  # (n, 2, inner, pixels)
        return mixed.reshape(len(x), -1, *x.shape[2:])


def _both(x: Tensor) -> Tensor:
    """(n x 2, channels, h, w) -> (n, channels, 2 pixels)."""
    return x.view(-1, 2, *x.shape[1:]).transpose(1, 2).flatten(2)


@register("rde")
class RecurrentEmbedding(Memory):
    """Attention over a learned recurrent frame, the last frame and the first.

    Args:
        key_dim: channels of keys and queries (64 in the paper).
        value_dim: channels of values and readouts.
        top_k: locations that answer a query location in evaluation.

    Raises:
        ValueError: `top_k` is not a whole number from 1 on.
    """

    growth = Growth.BOUNDED  # one frame, then three for ever
    key_scope = KeyScope.SHARED
    paper = "Li et al., Recurrent Dynamic Embedding for VOS, CVPR 2022, arXiv:2205.03761"
    policy = WritePolicy(every=3)

    def __init__(self, key_dim: int, value_dim: int, top_k: int = 40) -> None:
        super().__init__(key_dim, value_dim)
        check_whole(1, top_k=top_k)
        self.top_k = top_k
        self.of_key, self.of_value = Compress(key_dim), Compress(value_dim)

    def write(self, state: Recurrent | None, frame: Frame) -> Recurrent:
        """Compresses key (1, key_dim, h, w), value (objects, value_dim, h, w) into the memory."""
        new = frame.key, frame.value
        if state is None:
            return Recurrent(new, new, new, 1)
        key, value = state.memory
        memory = self.of_key(key, frame.key), self.of_value(value, frame.value)
        return Recurrent(memory, new, state.first, state.frames + 1)

    def read(self, state: Recurrent, query: Tensor) -> tuple[Tensor, Recurrent]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        frames = [state.memory, state.last, state.first, state.first]
        if state.frames == 1:
            frames = frames[2:]
        keys, values = (tuple(x.flatten(2) for x in xs) for xs in zip(*frames, strict=True))
        asked, root = query.flatten(2), math.sqrt(self.key_dim)
        bias = tuple(widen(key).square().sum(1) / -root for key in keys)  # -|k|^2 / sqrt(key_dim)
        bank = Bank(keys, values)
        if self.training:
            readout = attend(bank, asked, scale=2 / root, bias=bias)
        else:
            readout = attend_top_k(bank, asked, self.top_k, scale=2 / root, bias=bias)
        return readout.view(*readout.shape[:2], *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """Read: four frames, two at t = 1; write: keys compressed once, values per object."""
        read = attention_cost(
            [pixels] * (2 if t == 1 else 4), pixels, objects, self.key_dim, self.value_dim,
            shared=True, k=self.top_k,
        )  # fmt: skip
        frames, bias = (1, 2) if t == 1 else (3, 4)
        write = self.of_key.macs(pixels) + objects * self.of_value.macs(pixels)
        return Cost(
            read_macs=read.macs,
            write_macs=0 if t == 1 else write,
            state_bytes=4 * frames * pixels * (self.key_dim + objects * self.value_dim),
            temporary_bytes=read.temporary_bytes + 4 * bias * pixels,
        )
