"""Frames in and masks out: any size in, scaled and padded to the network's grid, and back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

Ids = NDArray[np.uint8]  # (H, W), 0 = background, else an object's id
STRIDE = 16


class Fit(NamedTuple):
    """How a frame of one size fits the network: scaled to `inner`, padded to multiples of 16."""

    outer: tuple[int, int]  # (H, W) of the video
    inner: tuple[int, int]  # (H, W) after scaling
    pad: tuple[int, int, int, int]  # left, right, top, bottom

    @classmethod
    def of(cls, size: tuple[int, int], short_side: int | None) -> Fit:
        """The fit of a frame (H, W) scaled so that its short side is `short_side` (None: as it is).

        >>> Fit.of((480, 854), 240)
        Fit(outer=(480, 854), inner=(240, 427), pad=(2, 3, 0, 0))
        """
        scale = 1.0 if short_side is None else short_side / min(size)
        inner = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
        bottom, right = (-inner[0]) % STRIDE, (-inner[1]) % STRIDE
        return cls(size, inner, (right // 2, right - right // 2, bottom // 2, bottom - bottom // 2))

    @property
    def padded(self) -> tuple[int, int]:
        """(H, W) that the network sees."""
        left, right, top, bottom = self.pad
        return self.inner[0] + top + bottom, self.inner[1] + left + right

    def enter(self, x: Tensor) -> Tensor:
        """Scales and pads x (n, channels, H, W); padding repeats nothing: it is zero."""
        if self.inner != self.outer:
            x = F.interpolate(
                x, size=self.inner, mode="bilinear", align_corners=False, antialias=True
            )
        return F.pad(x, self.pad) if any(self.pad) else x

    def crop(self, x: Tensor) -> Tensor:
        """X (n, channels, padded H, padded W) without the padding."""
        left, _, top, _ = self.pad
        return x[..., top : top + self.inner[0], left : left + self.inner[1]]

    def blank(self, x: Tensor) -> Tensor:
        """X (n, channels, padded H, padded W) with zero in the padding."""
        return F.pad(self.crop(x), self.pad) if any(self.pad) else x

    def leave(self, x: Tensor) -> Tensor:
        """Crops and scales x (n, channels, padded H, padded W) back to the video's size."""
        x = self.crop(x)
        if self.inner == self.outer:
            return x
        return F.interpolate(x, size=self.outer, mode="bilinear", align_corners=False)


def to_tensor(frame: NDArray[np.uint8], device: torch.device) -> Tensor:
    """Frame (H, W, 3) uint8 to (1, 3, H, W) in 0..1, channels last."""
    x = torch.from_numpy(frame).to(device).permute(2, 0, 1)[None]
    return x.to(torch.float32, memory_format=torch.channels_last) / 255


def one_hot(ids: Ids, objects: tuple[int, ...], device: torch.device) -> Tensor:
    """Masks (objects, 1, H, W) of 0 and 1, one per id."""
    masks = np.stack([ids == o for o in objects])[:, None]
    return torch.from_numpy(masks).to(device, torch.float32)


def merge(masks: Tensor) -> Tensor:
    """Soft aggregation of several objects; one has nothing to share with and stays as it is.

    Args:
        masks: (objects, 1, H, W), each object's own probability.

    Returns:
        (objects, 1, H, W).
    """
    return masks if len(masks) == 1 else aggregate(masks)


def aggregate(masks: Tensor) -> Tensor:
    """Soft aggregation of objects segmented one by one, so that each pixel's shares sum to one.

    p_0 = prod_o (1 - p_o), then softmax over logit(p_0), logit(p_1), ... (STM, section 3.3). A
    single object is sharpened by it: p^2 / (p^2 + (1 - p)^2).

    Args:
        masks: (objects, 1, H, W), each object's own probability.

    Returns:
        (objects, 1, H, W).
    """
    both = torch.cat([(1 - masks).prod(dim=0, keepdim=True), masks]).clamp(1e-7, 1 - 1e-7)
    return both.logit().softmax(dim=0)[1:]


def others(masks: Tensor) -> Tensor:
    """What belongs to any other object: the sum of all other masks, at most 1."""
    return (masks.sum(dim=0, keepdim=True) - masks).clamp(0, 1)


def decide(masks: Tensor, objects: tuple[int, ...]) -> Ids:
    """Ids (H, W): the object with the largest share, background where that has more."""
    if len(masks) == 1:
        return (masks[0, 0] > 0.5).cpu().numpy() * np.uint8(objects[0])
    rest = 1 - masks.sum(dim=0)
    share, which = masks.max(dim=0)  # not argmax over all: on CPU it is 25 times as slow
    winner = torch.where(share > rest, which + 1, 0)[0].cpu().numpy()
    ids: Ids = np.array([0, *objects], dtype=np.uint8)[winner]
    return ids
