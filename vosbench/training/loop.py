"""The training loop: the same clips, recipe and seed for every method."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from vosbench.model import weights
from vosbench.model.network import Network
from vosbench.training import checkpoint
from vosbench.training.batches import batches
from vosbench.training.clips import Sources
from vosbench.training.losses import LOSSES
from vosbench.training.parallel import agreed
from vosbench.training.recipe import Recipe
from vosbench.training.schedule import optimiser, set_rate
from vosbench.training.step import ClipLoss


@dataclass(frozen=True)
class Run:
    """One training run."""

    method: str
    preset: str
    recipe: Recipe
    seed: int
    start: str  # "imagenet", "none" or the digest of the weights it goes on from
    out: Path  # checkpoint, logs and weights go here
    precision: str = "32"  # or "bf16-mixed"
    data: tuple[str, ...] = ()  # what the clips are made from, in words
    data_digest: str = ""  # the same, told apart from others of those words
    save_every: int = 200  # steps between checkpoints
    workers: int = 0  # processes that make clips; 0 = in the training process
    parameters: dict[str, Any] = field(default_factory=dict)  # of the memory, unless its defaults

    @property
    def identity(self) -> dict[str, Any]:
        """What a checkpoint must agree on to be resumed."""
        recipe = json.loads(json.dumps(asdict(self.recipe)))  # as a checkpoint gives it back
        return {
            "method": self.method, "preset": self.preset, "seed": self.seed, "start": self.start,
            "precision": self.precision, "data": list(self.data), "data_digest": self.data_digest,
            "recipe": recipe, "parameters": self.parameters,
        }  # fmt: skip


class Done(NamedTuple):
    """One step that has been taken."""

    step: int  # counted from 1
    loss: float  # mean over the whole batch
    seconds: float  # that the step took, the wait for its clips included
    waited: float  # seconds of that wait
    network: Network  # to evaluate: the running mean of the weights, where one is kept


def train(
    run: Run,
    network: Network,
    sources: Sources,
    fabric: Fabric,
    report: Callable[[Done], None],
) -> Path:
    """Trains to the recipe's end, from the last checkpoint if there is one; returns the weights.

    Every process takes its part of each batch, so that the whole is the same clips for any number
    of processes; the first of them writes.

    Args:
        run: what to train.
        network: its weights to start from.
        sources: of the clips.
        fabric: devices and precision, launched.
        report: called after every step, in every process.

    Raises:
        DataError: a checkpoint of another run.
    """
    network.to(fabric.device).train()
    own = optimiser(run.recipe, network)
    decay = run.recipe.average
    average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
    mean = AveragedModel(network, multi_avg_fn=average) if decay else None
    kept: Network = mean.module if mean is not None else network  # type: ignore[assignment]
    done = agreed(fabric, checkpoint.resume(run.out, network, mean, own, run.identity))
    module = ClipLoss(network, half_decoder=run.recipe.half_decoder)
    model, stepper = fabric.setup(module, own)
    since = time.perf_counter()
    for step, stage, clips, waited in batches(
        run.recipe, sources, run.seed, fabric, done=done, workers=run.workers
    ):
        _seed(run.seed, step, fabric.global_rank)
        set_rate(own, run.recipe, stage, step)
        loss = model(clips, LOSSES[stage.loss])
        stepper.zero_grad()
        fabric.backward(loss)
        stepper.step()
        if mean is not None:
            mean.update_parameters(network)
        value = _mean(fabric, loss)
        report(Done(step + 1, value, time.perf_counter() - since, waited, kept))
        if fabric.is_global_zero and _save(run, step + 1):
            checkpoint.save(run.out, network, mean, own, step + 1, run.identity)
        since = time.perf_counter()
    path = run.out / weights.file_name(run.method, run.preset, run.parameters)
    if fabric.is_global_zero:
        half = {k: v.half() for k, v in kept.state_dict().items()}
        weights.write(path, half, run.identity)
    fabric.barrier()
    return path


def _save(run: Run, step: int) -> bool:
    """Whether there is a checkpoint after a step, counted from 1."""
    return step % run.save_every == 0 or step == run.recipe.steps


def _seed(seed: int, step: int, rank: int) -> None:
    """A memory may draw random numbers: a resumed run draws those of an unbroken one."""
    torch.manual_seed(int(np.random.SeedSequence([seed, step, rank]).generate_state(1)[0]))


def _mean(fabric: Fabric, loss: Tensor) -> float:
    reduced = fabric.all_reduce(loss.detach(), reduce_op="mean")
    assert isinstance(reduced, Tensor)  # a tensor in, a tensor out
    return reduced.item()
