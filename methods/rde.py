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
    append,
    attend_top_k,
    attention_cost,
    check_whole,
    widen,
)
from vosbench.registry import register

PYRAMID = ((1, 1), (3, 2), (3, 4), (3, 6))  # kernel side, dilation


class Compress(nn.Module):
    """(a, b), each (n, channels, h, w) -> one frame (n, channels, h, w)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner, part = max(1, channels // 2), max(1, channels // 4)
        self.theta, self.phi, self.g = (nn.Conv2d(channels, inner, 1) for _ in range(3))
        self.back = nn.Conv2d(inner, channels, 1)  # W
        self.pyramid = nn.ModuleList(
            nn.Conv2d(channels, part, side, padding=side // 2 * d, dilation=d, bias=False)
            for side, d in PYRAMID
        )
        self.fuse = nn.Conv2d(4 * part, channels, 3, padding=1, bias=False)  # W'
        self.merge = nn.Conv2d(2 * channels, channels, 3, padding=1)
        self.part = nn.Parameter(torch.zeros(channels, 1, 1))  # a; not W' = 0: relu would stop it
        for x in (*self.back.parameters(), *self.merge.parameters()):
            nn.init.zeros_(x)
        eye = torch.eye(channels)
        self.merge.weight.data[:, :, 1, 1] = torch.cat([eye, eye], 1) / 2

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Compresses two frames into one."""
        x = torch.stack([a, b], 2).flatten(3)  # (n, channels, 2, pixels)
        asks, keys, gives = (f(x).flatten(2) for f in (self.theta, self.phi, self.g))
        mixed = gives @ (keys.mT @ asks) / asks.shape[2]  # of (2 pixels)^2 pairs
        y = x + self.back(mixed.view(len(a), -1, *x.shape[2:]))
        y = y.transpose(1, 2).reshape(-1, *a.shape[1:])  # (n x 2, channels, h, w)
        pyramid = torch.cat([conv(y).relu() for conv in self.pyramid], 1)
        z = y + self.part * self.fuse(pyramid).relu()
        merged: Tensor = self.merge(z.reshape(len(a), -1, *z.shape[2:]))  # channels of both
        return merged

    def macs(self, pixels: int) -> int:
        """Multiply-adds of one compression."""
        channels, inner, parts = len(self.part), self.back.in_channels, self.fuse.in_channels
        ninefold = 9 * channels * (2 * channels + 2 * parts)  # merge, fuse
        pyramid = 2 * channels * parts // 4 * (1 + 3 * 9)
        non_local = 2 * 4 * channels * inner + 2 * 4 * pixels * inner
        return pixels * (ninefold + pyramid + non_local)


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

    def write(self, state: Bank | None, frame: Frame) -> Bank:
        """Compresses key (1, key_dim, h, w), value (objects, value_dim, h, w) into the memory.

        The state is what is read: M, the last frame and twice the first, whose bytes count once.
        """
        if state is None:
            return append(append(None, frame.key, frame.value), frame.key, frame.value)
        new, compress = (frame.key, frame.value), (self.of_key, self.of_value)
        memory = (f(xs[0].view_as(x), x) for f, xs, x in zip(compress, state, new, strict=True))
        kept = append(append(None, *memory), *new)
        return Bank(*(xs + old[-1:] * 2 for xs, old in zip(kept, state, strict=True)))

    def read(self, state: Bank, query: Tensor) -> tuple[Tensor, Bank]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        k, root = None if self.training else self.top_k, math.sqrt(self.key_dim)
        bias = tuple(widen(key).square().sum(1) / -root for key in state.keys)  # -|k_i|^2 / root
        readout = attend_top_k(state, query.flatten(2), k, scale=2 / root, bias=bias)
        return readout.view(*readout.shape[:2], *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """Read: four frames, two at t = 1; write: keys compressed once, values per object."""
        kept, read = (1, 2) if t == 1 else (3, 4)  # frames: the first is read twice
        cost = attention_cost(
            read, pixels, objects, self.key_dim, self.value_dim, shared=True, k=self.top_k
        )
        write = self.of_key.macs(pixels) + objects * self.of_value.macs(pixels)
        return cost._replace(
            write_macs=0 if t == 1 else write,
            state_bytes=cost.state_bytes // read * kept,
            temporary_bytes=cost.temporary_bytes + 4 * read * pixels,
        )
