"""The training loop: the same clips, recipe and seed for every method."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from vosbench.model import weights
from vosbench.model.network import Network
from vosbench.training import checkpoint
from vosbench.training.clips import Clip, Clips, Sources
from vosbench.training.losses import LOSSES
from vosbench.training.recipe import WARM_UP, Recipe, Stage
from vosbench.training.step import clip_loss


@dataclass(frozen=True)
class Run:
    """One training run."""

    method: str
    preset: str
    recipe: Recipe
    seed: int
    start: str  # "imagenet", "none" or the digest of the weights it goes on from
    out: Path  # checkpoint, logs and weights go here
    save_every: int = 200  # steps between checkpoints
    workers: int = 0  # processes that make clips; 0 = in the training process

    @property
    def identity(self) -> dict[str, Any]:
        """What a checkpoint must agree on to be resumed."""
        stages = [asdict(s) for s in self.recipe.stages]
        recipe = {**asdict(self.recipe), "stages": stages}
        return {
            "method": self.method, "preset": self.preset, "seed": self.seed, "start": self.start,
            "recipe": recipe,
        }  # fmt: skip


def train(
    run: Run,
    network: Network,
    sources: Sources,
    fabric: Fabric,
    report: Callable[[int, float, Network], None],
) -> Path:
    """Trains to the recipe's end, from the last checkpoint if there is one; returns the weights.

    Args:
        run: what to train.
        network: its weights to start from.
        sources: of the clips.
        fabric: device and precision (Lightning Fabric); one process.
        report: called after every step with (step, loss, network to evaluate).
    """
    network.train()
    optimiser = _optimiser(run.recipe, network)
    decay = run.recipe.average
    average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
    mean = AveragedModel(network, multi_avg_fn=average) if decay else None
    done = checkpoint.resume(run.out, network, mean, optimiser, run.identity)
    _, optimiser = fabric.setup(network, optimiser)
    if mean is not None:
        mean.to(fabric.device)
    kept: Network = mean.module if mean is not None else network  # type: ignore[assignment]
    for step, stage, clip in _steps(run, sources, fabric, done):
        _set_rate(optimiser, run.recipe, stage, step)
        loss = clip_loss(
            network, clip.frames, clip.masks, LOSSES[stage.loss],
            half_decoder=run.recipe.half_decoder,
        )  # fmt: skip
        optimiser.zero_grad()
        fabric.backward(loss)
        optimiser.step()
        if mean is not None:
            mean.update_parameters(network)
        report(step + 1, loss.item(), kept)
        if (step + 1) % run.save_every == 0:
            checkpoint.save(run.out, network, mean, optimiser, step + 1, run.identity)
    path = run.out / f"{run.method}-{run.preset}.safetensors"
    half = {k: v.half() for k, v in kept.state_dict().items()}
    weights.write(path, half, run.identity)
    return path


def _optimiser(recipe: Recipe, network: Network) -> Optimizer:
    trunks = [network.query_encoder.trunk, network.memory_encoder.trunk]
    backbone = [p for trunk in trunks for p in trunk.parameters()]
    own = {id(p) for p in backbone}
    heads = [p for p in network.parameters() if id(p) not in own]
    groups = [{"params": heads, "part": 1.0}, {"params": backbone, "part": recipe.backbone_rate}]
    kind = torch.optim.AdamW if recipe.optimiser == "adamw" else torch.optim.Adam
    return kind(groups, lr=recipe.stages[0].rate)


def _set_rate(optimiser: Optimizer, recipe: Recipe, stage: Stage, step: int) -> None:
    """The rate of this step, from the step alone: nothing to save, nothing to restore."""
    rate = stage.rate
    if recipe.cosine:
        total = sum(s.steps for s in recipe.stages)
        rate *= min(1, (step + 1) / WARM_UP) * (1 + math.cos(math.pi * step / total)) / 2
    for group in optimiser.param_groups:
        group["lr"] = rate * group["part"]


def _steps(
    run: Run, sources: Sources, fabric: Fabric, done: int
) -> Iterator[tuple[int, Stage, Clip]]:
    """(step, stage, batch on the device) for every step not yet done."""
    ends = list(accumulate(s.steps for s in run.recipe.stages))
    for stage, end in zip(run.recipe.stages, ends, strict=True):
        begin = end - stage.steps
        batch = run.recipe.batch
        clips = Clips(sources, stage, run.seed, stage.steps * batch, begin * batch)
        skip = max(0, done - begin)
        yield from (
            (step, stage, clip)
            for step, clip in enumerate(_batches(run, clips, fabric, skip), begin + skip)
        )


def _batches(run: Run, clips: Clips, fabric: Fabric, skip: int) -> Iterator[Clip]:
    size = run.recipe.batch
    order = [list(range(s * size, (s + 1) * size)) for s in range(skip, len(clips) // size)]
    loader: DataLoader[Clip] = DataLoader(clips, batch_sampler=order, num_workers=run.workers)
    for frames, masks in loader:
        yield Clip(_place(fabric, frames), _place(fabric, masks))


def _place(fabric: Fabric, x: Tensor) -> Tensor:
    moved: Tensor = fabric.to_device(x)
    return moved
