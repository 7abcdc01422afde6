"""The two encoders: of the frame (the query) and of the frame with a mask (the memory)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor, cat, nn, no_grad

from vosbench.model.backbone import backbone, dims
from vosbench.model.decoder import conv3

Start = Mapping[str, Tensor] | None  # weights of the backbone to start from
KEY_START = 0.3  # of the usual scale of a new layer


class Query(NamedTuple):
    """What one frame gives, before any memory: frames = 1, or the clips of a batch."""

    key: Tensor  # q (frames, key_dim, h, w)
    value: Tensor  # (frames, value_dim, h, w)
    f8: Tensor  # features at stride 8, for the decoder
    f4: Tensor  # features at stride 4


@no_grad()
def key_projection(inputs: int, key_dim: int) -> nn.Conv2d:
    """A 3x3 convolution to keys that starts small.

    At a new layer's usual scale q^T k / sqrt(key_dim) is about a hundred on a trained backbone: a
    softmax over it picks one place from the first step on, and its keys get no gradient.
    """
    layer = conv3(inputs, key_dim)
    for parameter in layer.parameters():
        parameter.mul_(KEY_START)
    return layer


class QueryEncoder(nn.Module):
    """Frame (frames, 3, H, W), normalised -> key, value and skip features."""

    def __init__(self, name: str, key_dim: int, value_dim: int, *, start: Start) -> None:
        super().__init__()
        self.trunk = backbone(name, start=start)
        self.skip_dims = dims(self.trunk)[:2]
        width = dims(self.trunk)[2]
        self.key = key_projection(width, key_dim)
        self.value = conv3(width, value_dim)

    def forward(self, frame: Tensor) -> Query:
        f4, f8, f16 = self.trunk(frame)
        return Query(self.key(f16), self.value(f16), f8, f4)


class MemoryEncoder(nn.Module):
    """Frame and soft masks -> key (objects, key_dim, h, w), value (objects, value_dim, h, w).

    Args:
        name: of the backbone.
        key_dim: channels of the key.
        value_dim: channels of the value.
        planes: masks seen beside the frame: the object's own, and perhaps that of all others.
        own_key: False where keys are shared by all objects: there is none to compute then.
        start: weights of the backbone to start from.
    """

    def __init__(
        self, name: str, key_dim: int, value_dim: int, *, planes: int, own_key: bool, start: Start
    ) -> None:
        super().__init__()
        self.trunk = backbone(name, channels=3 + planes, start=start)
        width = dims(self.trunk)[2]
        key = conv3(width, key_dim)  # drawn either way: one seed gives all methods equal layers
        self.key = key if own_key else None
        self.value = conv3(width, value_dim)

    def forward(self, frame: Tensor, masks: Tensor) -> tuple[Tensor | None, Tensor]:
        """Frame (objects or 1, 3, H, W), normalised; masks (objects, planes, H, W) in 0..1."""
        frames = frame.expand(masks.shape[0], -1, -1, -1)
        f16 = self.trunk(cat([frames, masks], dim=1))[-1]
        return None if self.key is None else self.key(f16), self.value(f16)
