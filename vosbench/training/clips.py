"""Training clips of a few frames. Clip `index` is the same on every machine, for every method.

    still clip   one still seen n times through n random motions
    video clip   n frames, forwards or backwards, at random intervals, through
                 n slight motions
    pasted       a second object with its own motion, by the stage's `layers`:
        stills   another still's over a still clip's; the target is the one on top or what is left
                 of the other. Video clips stay as they are
        any      another still's, another video's, or the same object again: a twin that only place
                 tells apart. It lies over the first, and either is the target, or behind it

Source: Oh et al., ICCV 2019, section 3.4, and the GC paper, section 3.4 (layers of stills); "any"
is ours.
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

from vosbench.data import Video
from vosbench.training.recipe import Stage
from vosbench.training.sources import Pair, labels, read, shot
from vosbench.training.warp import STILL, VIDEO, Motion, grid, sample

TRIES = 8  # draws before a clip without a visible target is taken as it is
VISIBLE = 0.005  # least share of the first frame that the target covers
STILL_VIEW = (0.6, 1.4)  # side of a view, of the still's short side: least, most


class Clip(NamedTuple):
    """frames (n, 3, S, S) in 0..1 and masks (n, 1, S, S) of 0 and 1."""

    frames: Tensor
    masks: Tensor


@dataclass(frozen=True)
class Sources:
    """What clips are made from; data sets of videos are drawn from equally often."""

    stills: list[Pair]
    videos: list[list[Video]]


class Footage(NamedTuple):
    """Frames (n or 1, 3, H, W) with the object's masks, and how they are to be seen."""

    frames: Tensor
    masks: Tensor
    motion: Motion
    reach: tuple[float, float]  # side of the view in the source, pixels: least, most


@dataclass(frozen=True)
class Clips(Dataset[Clip]):
    """Clips by index: a pure function of (seed, index), the stage and the sources."""

    sources: Sources
    stage: Stage
    seed: int
    length: int
    first: int = 0  # index of the first clip: stages of a recipe do not repeat each other's

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Clip:
        rng = np.random.default_rng([self.seed, self.first + index])
        for _ in range(TRIES):
            clip = self._clip(rng)
            if clip.masks[0].mean() >= VISIBLE:
                break
        return Clip(jitter(rng, clip.frames), clip.masks)

    def _clip(self, rng: Generator) -> Clip:
        footage = self._footage(rng)
        clip = self._view(rng, footage)
        if rng.random() >= self.stage.paste:
            return clip
        if self.stage.layers == "stills":
            if footage.motion is VIDEO:
                return clip
            return lay(rng, clip, self._view(rng, self._still(rng)))
        other = footage if rng.random() < 0.5 else self._footage(rng)
        return paste(rng, clip, self._view(rng, other))

    def _footage(self, rng: Generator) -> Footage:
        stills, videos = self.sources.stills, self.sources.videos
        if videos and (not stills or rng.random() < self.stage.video_share):
            group = videos[rng.integers(len(videos))]
            return self._video(rng, group[rng.integers(len(group))])
        return self._still(rng)

    def _still(self, rng: Generator) -> Footage:
        stills = self.sources.stills
        frame, mask = read(stills[rng.integers(len(stills))])
        least, most = STILL_VIEW
        side = min(frame.shape[1:])
        return Footage(frame[None], mask[None], STILL, (least * side, most * side))

    def _video(self, rng: Generator, video: Video) -> Footage:
        times = video.annotated
        gaps = np.cumsum(rng.integers(1, self.stage.interval + 1, self.stage.frames - 1))
        if gaps[-1] >= len(times):
            gaps = np.arange(1, self.stage.frames)
        start = rng.integers(max(1, len(times) - gaps[-1]))
        order = [times[min(start + g, len(times) - 1)] for g in (0, *gaps)]
        if rng.random() < 0.5:
            order.reverse()
        seen = labels(video, order[0]) or [1]
        frames, masks = shot(video, order, seen[rng.integers(len(seen))])
        least, most = self.stage.view
        return Footage(frames, masks, VIDEO, (least * self.stage.side, most * self.stage.side))

    def _view(self, rng: Generator, footage: Footage) -> Clip:
        frames, masks, motion, (least, most) = footage
        reach = float(np.exp(rng.uniform(np.log(least), np.log(most))))
        size = (frames.shape[2], frames.shape[3])
        where = target(rng, masks[0], reach)
        grids = grid(rng, self.stage.side, where, reach, size, motion, self.stage.frames)
        return Clip(*sample(frames, masks, grids))


def paste(rng: Generator, clip: Clip, other: Clip) -> Clip:
    """The clip with the other's object over its own, or between its object and its background.

    An object that comes to lie behind is never the target: its mask would be what is left of it.
    """
    (frames, masks), (over, cover) = clip, other
    if rng.random() < 0.4:
        return Clip(torch.where(cover * (1 - masks) > 0, over, frames), masks)
    return lay(rng, clip, other)


def lay(rng: Generator, clip: Clip, other: Clip) -> Clip:
    """The clip with the other's object on top: the target is that one, or what its own has left."""
    (frames, masks), (over, cover) = clip, other
    both = torch.where(cover > 0, over, frames)
    return Clip(both, cover if rng.random() < 0.5 else masks * (1 - cover))


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
