"""From what a user types after ``vosbench train`` to a training run."""

from __future__ import annotations

from pathlib import Path

import torch
from lightning_fabric import Fabric

from vosbench import registry
from vosbench.data import Video, load
from vosbench.errors import DataError, UsageError
from vosbench.harness.progress import Bar
from vosbench.harness.subject import device as known_device
from vosbench.model import weights
from vosbench.model.network import Network, preset
from vosbench.training import imagenet
from vosbench.training.clips import Sources
from vosbench.training.log import Log
from vosbench.training.loop import Run
from vosbench.training.loop import train as train_run
from vosbench.training.recipe import recipe
from vosbench.training.sources import stills

START = ("imagenet", "none")


def train(
    method: str, preset_name: str, recipe_name: str, still_roots: list[Path],
    videos: list[str], split: Path | None, out: Path, *, start: str, device: str, threads: int,
    workers: int, seed: int,
) -> Path:  # fmt: skip
    """Trains and returns the weights file. Raises UsageError or DataError before the first step."""
    registry.get(method)
    plan = recipe(recipe_name)
    if start not in START and not Path(start).is_file():
        raise UsageError(f"--start {start}: expected imagenet, none or a file of weights")
    known_device(device)
    sources = Sources(
        [pair for root in still_roots for pair in stills(root)],
        [footage(spec, split) for spec in videos],
    )
    if not sources.stills and not sources.videos:
        raise UsageError("nothing to train on: give --stills PATH or --videos NAME=PATH")
    if not sources.stills and any(s.video_share < 1 for s in plan.stages):
        raise UsageError(f"recipe {recipe_name} needs stills: give --stills PATH")
    if threads:
        torch.set_num_threads(threads)
    first = imagenet.start(preset(preset_name).backbone) if start == "imagenet" else None
    network = Network.build(method, preset_name, seed=seed, start=first)
    if start not in START:
        start = weights.load(network, Path(start), method=method, preset=preset_name)
    network = network.to(memory_format=torch.channels_last)
    kind, _, index = device.partition(":")
    fabric = Fabric(accelerator=kind, devices=[int(index)] if index else 1)
    run = Run(method, preset_name, plan, seed, start, out, workers=workers)
    with Bar() as bar, Log(out, bar, plan) as log:
        return train_run(run, network, sources, fabric, log.step)


def footage(spec: str, split: Path | None) -> list[Video]:
    """The videos of a data set that a clip can be cut from.

    Raises:
        DataError: no video has two frames with truth.
    """
    dataset = load(spec, None if spec.startswith("synthetic") else split)
    videos = [video for video in dataset.videos if len(video.annotated) > 1]
    if not videos:
        raise DataError(f"--videos {spec}: no video has two annotated frames to train on")
    return videos
