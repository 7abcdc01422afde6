"""The formula of a network: multiply-adds from its layers' own sizes, no operator looked at."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from torch import Tensor, nn


def by_layers(step: Callable[[], Any], network: nn.Module) -> int:
    """Multiply-adds of the convolutions and linear layers that `step` calls.

    A convolution takes in_channels / groups x kernel area of them for each number it puts out, a
    linear layer in_features.

    >>> import torch
    >>> layer = nn.Conv2d(4, 6, 3, padding=1, groups=2)
    >>> by_layers(lambda: layer(torch.zeros(1, 4, 5, 5)), layer) == 6 * 5 * 5 * 2 * 9
    True
    """
    total = 0

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += output.numel() * _each(layer)

    with ExitStack() as hooks:
        for layer in network.modules():
            if _each(layer):
                handle = layer.register_forward_hook(count)
                hooks.callback(handle.remove)
        step()
    return total


def _each(layer: nn.Module) -> int:
    """Multiply-adds for one number of the layer's output; 0 for a layer of another kind."""
    if isinstance(layer, (nn.Conv1d, nn.Conv2d, nn.Conv3d)):
        return layer.in_channels // layer.groups * math.prod(layer.kernel_size)
    return layer.in_features if isinstance(layer, nn.Linear) else 0
