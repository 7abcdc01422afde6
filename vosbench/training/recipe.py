"""Recipes: the paper's two stages, and a small one that two CPU cores finish in an hour or two."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from vosbench.errors import unknown
from vosbench.training.losses import LOSSES


@dataclass(frozen=True)
class Stage:
    """A stretch of training with one kind of clip."""

    steps: int  # optimiser steps
    side: int  # of the square crops, pixels
    video_share: float  # share of clips taken from videos, the others from stills
    interval: int  # frames of a video clip are 1..interval annotated frames apart
    rate: float  # learning rate of the heads (and of everything, without a backbone rate)
    loss: str  # a name in `losses.LOSSES`
    frames: int = 3  # of a clip
    paste: float = 0.5  # share of clips with a second object pasted in
    # what is pasted: "stills" alone, over stills alone, so that video clips stay as they are (the
    # papers' way), or "any" footage over or behind any, half of it a twin from the same footage
    layers: Literal["stills", "any"] = "any"
    view: tuple[float, float] = (0.7, 1.5)  # side of what a clip shows of a video, of its own side


@dataclass(frozen=True)
class Recipe:
    """Everything about a training that is not data, method or seed."""

    stages: tuple[Stage, ...]
    batch: int  # clips per step
    optimiser: str  # "adam" | "adamw"
    backbone_rate: float  # learning rate of the backbones, relative to the heads'; 0 = fixed
    key_rate: float  # of the keys, likewise: on large features a step moves q^T k by many units,
    # and a softmax over it ends at one place for good
    cosine: bool  # one half-cosine over all steps, after a short warm-up; else constant
    half_decoder: bool  # decoder in bfloat16
    average: float  # decay of the running mean of the weights, which is what is kept; 0 = none
    key_scale: float = 1.0  # of keys and queries taken from another method, at the start

    @property
    def steps(self) -> int:
        """Of all stages together."""
        return sum(stage.steps for stage in self.stages)


WARM_UP = 100  # steps of linear warm-up before a cosine
NEAR = (0.6, 1.4)  # a view of a video from a little nearer

RECIPES = {
    # GC paper, section 4: 1e-5 for 100 epochs of 15,000 stills, 1e-6 for 30 epochs of DAVIS. Ours
    # are the motions (`warp`: a clip's rotation and each frame's add up, to 40 degrees; scales 0.82
    # to 1.22), clips that run backwards half of the time, and crops of 384 in place of 480p
    "paper": Recipe(
        stages=(
            Stage(187_500, 384, 0.0, 1, 1e-5, "cross_entropy", layers="stills", view=NEAR),
            Stage(7_800, 384, 1.0, 3, 1e-6, "hybrid", layers="stills", view=NEAR),
        ),
        batch=8, optimiser="adam", backbone_rate=1.0, key_rate=1.0, cosine=False,
        half_decoder=False, average=0.0,
    ),
    # goes on from the weights of "mini" (--start), at the size of whole frames: a mean over all
    # places (GC's) has to see as much background in training as later
    "refine": Recipe(
        stages=(Stage(300, 240, 0.8, 10, 8e-4, "hybrid", frames=4, paste=0.3),),
        batch=8, optimiser="adamw", backbone_rate=0.3, key_rate=0.03, cosine=True,
        half_decoder=True, average=0.99,
    ),
    # goes on from the weights of "refine" (--start): in eight frames, what a memory has written of
    # its own predictions comes back to it; in four it hardly does. Half of the clips are stills, of
    # which there are many more than videos
    "long": Recipe(
        stages=(Stage(260, 240, 0.5, 6, 3e-4, "hybrid", frames=8, paste=0.6),),
        batch=4, optimiser="adamw", backbone_rate=0.3, key_rate=0.03, cosine=True,
        half_decoder=True, average=0.99,
    ),
    # goes on from trained weights (--start), of this method or of another: the backbones are done,
    # what reads and writes is not
    "adapt": Recipe(
        stages=(Stage(260, 240, 0.5, 6, 4e-4, "hybrid", frames=8, paste=0.6),),
        batch=4, optimiser="adamw", backbone_rate=0.0, key_rate=0.03, cosine=True,
        half_decoder=True, average=0.99,
    ),
    # as "long", from the weights of a memory without a softmax (gc's), for one with a softmax over
    # places or channels: their keys are so flat for it (perplexity 300 of 405 places) that every
    # readout is about the mean of all values, and no step says where to look
    "rekey": Recipe(
        stages=(Stage(260, 240, 0.5, 6, 3e-4, "hybrid", frames=8, paste=0.6),),
        batch=4, optimiser="adamw", backbone_rate=0.3, key_rate=0.3, cosine=True,
        half_decoder=True, average=0.99, key_scale=2.0,
    ),
    "mini": Recipe(
        stages=(
            Stage(
                1_500, 128, 0.3, 5, 8e-4, "hybrid", paste=0.6, layers="stills", view=NEAR
            ),
            Stage(1_400, 176, 0.6, 10, 8e-4, "hybrid", frames=4, paste=0.4),
        ),
        batch=8, optimiser="adamw", backbone_rate=0.3, key_rate=0.03, cosine=True,
        half_decoder=True, average=0.998,
    ),
    # shows in seconds that a memory can be trained at all
    "smoke": Recipe(
        stages=(Stage(60, 64, 1.0, 2, 1e-3, "hybrid", paste=0.0),),
        batch=4, optimiser="adamw", backbone_rate=1.0, key_rate=1.0, cosine=False,
        half_decoder=False, average=0.0,
    ),
}  # fmt: skip


def recipe(name: str, loss: str = "") -> Recipe:
    """The recipe called `name`, with `loss` in place of its own, if one is given.

    Raises:
        UsageError: an unknown recipe or loss; the known ones are listed.
    """
    if name not in RECIPES:
        raise unknown("recipe", name, RECIPES)
    if not loss:
        return RECIPES[name]
    if loss not in LOSSES:
        raise unknown("loss", loss, LOSSES)
    plan = RECIPES[name]
    return replace(plan, stages=tuple(replace(stage, loss=loss) for stage in plan.stages))
