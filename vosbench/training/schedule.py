"""The optimiser, and its rate at every step."""

from __future__ import annotations

import math

import torch
from torch.optim import Optimizer

from vosbench.model.network import Network
from vosbench.training.recipe import WARM_UP, Recipe, Stage


def optimiser(recipe: Recipe, network: Network) -> Optimizer:
    """The recipe's optimiser, with the backbones' parameters at their part of the rate."""
    trunks = [network.query_encoder.trunk, network.memory_encoder.trunk]
    backbone = [p for trunk in trunks for p in trunk.parameters()]
    own = {id(p) for p in backbone}
    heads = [p for p in network.parameters() if id(p) not in own]
    groups = [{"params": heads, "part": 1.0}, {"params": backbone, "part": recipe.backbone_rate}]
    kind = torch.optim.AdamW if recipe.optimiser == "adamw" else torch.optim.Adam
    return kind(groups, lr=recipe.stages[0].rate)


def set_rate(optimiser: Optimizer, recipe: Recipe, stage: Stage, step: int) -> None:
    """The rate of this step, from the step alone: nothing to save, nothing to restore."""
    rate = stage.rate
    if recipe.cosine:
        rate *= min(1, (step + 1) / WARM_UP) * (1 + math.cos(math.pi * step / recipe.steps)) / 2
    for group in optimiser.param_groups:
        group["lr"] = rate * group["part"]
