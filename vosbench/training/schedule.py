"""The optimiser, and its rate at every step."""

from __future__ import annotations

import math

import torch
from torch.optim import Optimizer

from vosbench.model.network import Network
from vosbench.training.recipe import WARM_UP, Recipe, Stage


def optimiser(recipe: Recipe, network: Network) -> Optimizer:
    """The recipe's optimiser, with the backbones' and the keys' parameters at their parts of the
    rate.

    Backbones without a rate are taken out of the gradient: 1.8 times as many steps an hour.
    """
    encoders = network.query_encoder, network.memory_encoder
    backbone = [p for encoder in encoders for p in encoder.trunk.parameters()]
    for parameter in backbone:
        parameter.requires_grad_(recipe.backbone_rate > 0)
    keys = network.key_weights()
    apart = {id(p) for p in backbone + keys}
    heads = [p for p in network.parameters() if id(p) not in apart]
    groups = [
        {"params": heads, "part": 1.0},
        {"params": backbone, "part": recipe.backbone_rate},
        {"params": keys, "part": recipe.key_rate},
    ]
    kind = torch.optim.AdamW if recipe.optimiser == "adamw" else torch.optim.Adam
    return kind(groups, lr=recipe.stages[0].rate)


def set_rate(optimiser: Optimizer, recipe: Recipe, stage: Stage, step: int) -> None:
    """The rate of this step, from the step alone: nothing to save, nothing to restore."""
    rate = stage.rate
    if recipe.cosine:
        rate *= min(1, (step + 1) / WARM_UP) * (1 + math.cos(math.pi * step / recipe.steps)) / 2
    for group in optimiser.param_groups:
        group["lr"] = rate * group["part"]
