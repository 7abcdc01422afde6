"""Does a memory learn at all? A minute's training, and the loss of fixed clips before and after."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from vosbench.errors import PluginError
from vosbench.model.network import Network
from vosbench.training.clips import Clips, Sources
from vosbench.training.losses import LOSSES
from vosbench.training.recipe import Recipe
from vosbench.training.step import clip_loss

DATA = "synthetic:length=6,size=96x160,count=3,scenario=drift+occlusion"  # where no data are given
CLIPS = 16  # fixed, of another seed than the training's
MARGIN = 5.0  # standard errors that the loss must fall by: p < 1e-4 (Student's t, 15 degrees)


class Fall(NamedTuple):
    """How far the loss of the fixed clips fell, clip by clip."""

    before: float
    after: float
    error: float  # standard error of the mean fall

    @property
    def sure(self) -> bool:
        """Whether chance is ruled out."""
        return self.before - self.after > MARGIN * self.error

    def __str__(self) -> str:
        return (
            f"loss of {CLIPS} fixed clips {self.before:.3f} -> {self.after:.3f}, "
            f"fell by {self.before - self.after:.3f} ± {self.error:.3f} (standard error)"
        )


def losses(network: Network, sources: Sources, recipe: Recipe, seed: int) -> Tensor:
    """Loss of each of the fixed clips (CLIPS,), with the weights as they stand."""
    stage = recipe.stages[-1]
    device = next(network.parameters()).device
    fixed = Clips(sources, stage, seed + 1, CLIPS)
    mode = network.training
    network.eval()
    with torch.inference_mode():
        each = [
            clip_loss(network, frames[None].to(device), masks[None].to(device), LOSSES[stage.loss])
            for frames, masks in (fixed[i] for i in range(CLIPS))
        ]
    network.train(mode)
    return torch.stack(each).cpu()


def fall(before: Tensor, after: Tensor) -> Fall:
    """The mean fall and its standard error, s / sqrt(n) of the paired differences.

    >>> fall(torch.tensor([3.0, 5.0]), torch.tensor([1.0, 1.0]))
    Fall(before=4.0, after=1.0, error=1.0)
    """
    each = (before - after).double()
    error = each.std().item() / math.sqrt(len(each))
    return Fall(before.mean().item(), after.mean().item(), error)


def verdict(method: str, fall: Fall) -> str:
    """One line on a method that learns.

    Raises:
        PluginError: it does not.
    """
    if not fall.sure:
        raise PluginError(f"{method} does not learn: {fall}; expected {MARGIN:.0f} errors or more")
    return f"{method} learns: {fall}"
