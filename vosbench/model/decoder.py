"""The decoder: readout and the frame's own value, refined with the frame's finer features.

Every part that depends on the frame alone (the skip features) is computed once per frame, not once
per object.
"""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, cat, nn


def conv3(inputs: int, outputs: int) -> nn.Conv2d:
    """A 3x3 convolution that keeps the size."""
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class ResBlock(nn.Module):
    """x + conv(relu(conv(relu(x)))), with a 1x1 shortcut where the channels differ."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        self.conv1 = conv3(inputs, outputs)
        self.conv2 = conv3(outputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.shortcut(x) + self.conv2(F.relu(self.conv1(F.relu(x))))
        return out


class Refine(nn.Module):
    """One step to twice the resolution: upsampled features plus the frame's skip features."""

    def __init__(self, skip: nn.Module, dim: int) -> None:
        super().__init__()
        self.skip = skip
        self.fuse = ResBlock(dim, dim)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """X (objects, dim, h, w); skip (objects or 1, dim, 2h, 2w), already through `self.skip`."""
        up = F.interpolate(x, size=skip.shape[-2:], mode="bilinear", align_corners=False)
        out: Tensor = self.fuse(up + skip)
        return out


def two_convolutions(dim: int) -> nn.Module:
    """Features (objects, dim, h, w) to logits (objects, 1, h, w)."""
    return nn.Sequential(nn.ReLU(), conv3(dim, dim), nn.ReLU(), conv3(dim, 1))


class Decoder(nn.Module):
    """Readout (objects, value_dim, h, w) to logits (objects, 1, 16h, 16w).

    Args:
        value_dim: channels of the readout and of the query's value.
        skip_dims: channels of the frame's features at strides 4 and 8.
        dim: channels inside the decoder.
        skip: makes a map from a frame's features to `dim` channels, given the channels of both.
        head: makes a map from `dim` channels to a logit.
    """

    def __init__(
        self, value_dim: int, skip_dims: tuple[int, int], dim: int, *,
        skip: Callable[[int, int], nn.Module] = ResBlock,
        head: Callable[[int], nn.Module] = two_convolutions,
    ) -> None:  # fmt: skip
        super().__init__()
        self.compress = nn.Sequential(conv3(2 * value_dim, dim), ResBlock(dim, dim))
        self.refine8 = Refine(skip(skip_dims[1], dim), dim)
        self.refine4 = Refine(skip(skip_dims[0], dim), dim)
        self.head = head(dim)

    def skips(self, f4: Tensor, f8: Tensor) -> tuple[Tensor, Tensor]:
        """The skip features at strides 4 and 8: once per frame, whatever the number of objects."""
        return self.refine4.skip(f4), self.refine8.skip(f8)

    def forward(self, readout: Tensor, value: Tensor, skips: tuple[Tensor, Tensor]) -> Tensor:
        """Readout (objects, ...), value and skips (objects or 1, ...) -> logits."""
        x = self.compress(cat([readout, value.expand_as(readout)], dim=1))
        x = self.refine4(self.refine8(x, skips[1]), skips[0])
        logits: Tensor = self.head(x)
        return F.interpolate(logits, scale_factor=4, mode="bilinear", align_corners=False)
