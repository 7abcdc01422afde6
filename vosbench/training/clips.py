"""Three-frame training clips. Clip `index` is the same on every machine, for every method.

    still clip   one still seen three times through three random motions; half of them carry a
                 second still's object on top, with its own motion: it occludes, or is the target
    video clip   three frames in order at random intervals, through three slight motions

Source: Oh et al., ICCV 2019, section 3.4, and the GC paper, section 3.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.transforms.v2 import functional as V

from vosbench.training.sources import Pair, read
from vosbench.training.warp import STILL, VIDEO, grid, sample

FRAMES = 3
TRIES = 8  # draws before a clip without a visible target is taken as it is
VISIBLE = 0.005  # least share of the first frame that the target covers


class Clip(NamedTuple):
    """frames (3, 3, S, S) in 0..1 and masks (3, 1, S, S) of 0 and 1."""

    frames: Tensor
    masks: Tensor


@dataclass(frozen=True)
class Clips(Dataset[Clip]):
    """Clips by index: a pure function of (seed, index) and of the sources."""

    stills: list[Pair]
    videos: list[list[Pair]]
    seed: int
    length: int
    side: int  # of the square crop, pixels
    video_share: float  # probability of a video clip
    interval: int  # frames of a video clip are 1..interval apart
    first: int = 0  # index of the first clip: stages of a recipe do not repeat each other's

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Clip:
        rng = np.random.default_rng([self.seed, self.first + index])
        video = bool(self.videos) and (not self.stills or rng.random() < self.video_share)
        for _ in range(TRIES):
            frames, masks = self._video(rng) if video else self._still(rng)
            if masks[0].mean() >= VISIBLE:
                break
        return Clip(jitter(rng, frames), masks)

    def _still(self, rng: Generator) -> tuple[Tensor, Tensor]:
        frames, masks = self._layer(rng)
        if rng.random() < 0.5:
            return frames, masks
        over, cover = self._layer(rng)
        both = torch.where(cover > 0, over, frames)
        return both, cover if rng.random() < 0.5 else masks * (1 - cover)

    def _layer(self, rng: Generator) -> tuple[Tensor, Tensor]:
        frame, mask = read(self.stills[rng.integers(len(self.stills))])
        reach = min(frame.shape[1:]) * rng.uniform(0.6, 1.3)
        grids = grid(
            rng,
            self.side,
            target(rng, mask, reach),
            reach,
            (frame.shape[1], frame.shape[2]),
            STILL,
            FRAMES,
        )
        return sample(frame[None], mask[None], grids)

    def _video(self, rng: Generator) -> tuple[Tensor, Tensor]:
        video = self.videos[rng.integers(len(self.videos))]
        gaps = np.cumsum(rng.integers(1, self.interval + 1, FRAMES - 1))
        if gaps[-1] >= len(video):
            gaps = np.arange(1, FRAMES)
        start = rng.integers(max(1, len(video) - gaps[-1]))
        order = [min(start + g, len(video) - 1) for g in (0, *gaps)]
        if rng.random() < 0.5:
            order.reverse()
        pairs = [read(video[t]) for t in order]
        frames, masks = (torch.stack(x) for x in zip(*pairs, strict=True))
        reach = self.side * np.exp(rng.uniform(np.log(0.6), np.log(1.4)))
        where = target(rng, masks[0], reach)
        grids = grid(
            rng, self.side, where, reach, (frames.shape[2], frames.shape[3]), VIDEO, FRAMES
        )
        return sample(frames, masks, grids)


def target(rng: Generator, mask: Tensor, reach: float) -> tuple[float, float]:
    """A view centre (y, x) near a random pixel of the object, moved so that the view fits."""
    pixels = mask[0].nonzero()
    sides = mask.shape[1:]
    at = pixels[rng.integers(len(pixels))].tolist() if len(pixels) else [s / 2 for s in sides]
    y, x = (
        float(np.clip(a + d, min(reach, s) / 2, s - min(reach, s) / 2))
        for a, d, s in zip(at, rng.uniform(-0.4, 0.4, 2) * reach, sides, strict=True)
    )
    return y, x


def jitter(rng: Generator, frames: Tensor) -> Tensor:
    """One change of brightness, contrast and saturation for the whole clip; sometimes grey."""
    brightness, contrast, saturation = rng.uniform(0.7, 1.3, 3)
    frames = V.adjust_brightness(frames, brightness)
    frames = V.adjust_contrast(frames, contrast)
    return V.adjust_saturation(frames, 0.0 if rng.random() < 0.05 else saturation)  # type: ignore[no-any-return]
