"""Heat maps of single key channels over the first frame in memory (GC paper, fig. 6)."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from vosbench.data import Video
from vosbench.harness.strips import GAP, HEIGHT
from vosbench.harness.subject import Subject
from vosbench.memory import KeyScope
from vosbench.model.frames import Fit, one_hot, to_tensor

CHANNELS = 6  # shown of a key: those that vary most over the frame
HEAT = 0.6  # share of the map in a picture; the rest is the grey frame


def most_active(key: Tensor, count: int = CHANNELS) -> Tensor:
    """Channels of a key (channels, h, w) with the greatest variance over its locations.

    >>> flat, steep = torch.zeros(2, 2), torch.tensor([[0.0, 9.0], [0.0, 9.0]])
    >>> most_active(torch.stack([flat, steep / 2, steep]), count=2).tolist()
    [2, 1]
    """
    return key.flatten(1).var(dim=1, correction=0).argsort(descending=True, stable=True)[:count]


def key_of_first_frame(subject: Subject, video: Video) -> tuple[Tensor, Fit]:
    """The memory encoder's key (channels, h, w) of frame 0 and its first object."""
    given = video.given(0)
    assert given is not None  # a video begins with a mask: `Segmenter` refused it otherwise
    fit = Fit.of(video.size, subject.short_side)
    network, first = subject.network, (int(given[given > 0].min()),)
    device = next(network.parameters()).device
    with torch.inference_mode():
        image = fit.enter(to_tensor(video.frame(0), device))
        masks = fit.enter(one_hot(given, first, device))
        return network.memorise(image, masks, 0, given=True).key[0].float().cpu(), fit


def write_key_maps(path: Path, subject: Subject, video: Video) -> None:
    """Writes six maps side by side as a small WebP.

    Each is one channel of the key at stride 16, scaled from its least (dark) to its greatest value
    (bright), enlarged bilinearly and laid over the grey frame. Nothing is written for a memory
    whose keys come from the query encoder.
    """
    if subject.network.memory.key_scope is not KeyScope.PER_OBJECT:
        return
    key, fit = key_of_first_frame(subject, video)
    maps = key[most_active(key)]
    large = F.interpolate(maps[None], size=fit.padded, mode="bilinear", align_corners=False)
    width = round(HEIGHT * video.size[1] / video.size[0])
    grey = Image.fromarray(video.frame(0)).convert("L").resize((width, HEIGHT))
    sheet = Image.new("RGB", (len(maps) * (width + GAP) - GAP, HEIGHT), "white")
    for x, heat in enumerate(fit.crop(large)[0].numpy()):
        sheet.paste(_over(np.asarray(grey), heat), (x * (width + GAP), 0))
    sheet.save(path, quality=75)


def _over(grey: NDArray[np.uint8], heat: NDArray[np.float32]) -> Image.Image:
    low, high = float(heat.min()), float(heat.max())
    scaled = (heat - low) / (high - low) if high > low else np.zeros_like(heat)
    size = grey.shape[1], grey.shape[0]
    small = np.asarray(Image.fromarray(scaled.astype(np.float32)).resize(size)).clip(0, 1)
    colours = 255 * mpl.colormaps["inferno"](small)[..., :3]
    mixed = HEAT * colours + (1 - HEAT) * grey[..., None]
    return Image.fromarray(mixed.astype(np.uint8))
