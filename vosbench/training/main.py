"""From what a user types after ``vosbench train`` to a training run."""

from __future__ import annotations

from pathlib import Path

import torch
from lightning_fabric import Fabric

from vosbench import registry
from vosbench.data import load
from vosbench.data.files import FileVideo
from vosbench.errors import DataError, UsageError
from vosbench.harness.progress import Bar
from vosbench.harness.subject import device as known_device
from vosbench.model.network import Network, preset
from vosbench.training import imagenet
from vosbench.training.log import Log
from vosbench.training.loop import Run
from vosbench.training.loop import train as train_run
from vosbench.training.recipe import recipe
from vosbench.training.sources import Pair, stills

START = ("imagenet", "none")


def train(
    method: str, preset_name: str, recipe_name: str, still_roots: list[Path],
    videos: list[str], split: Path | None, out: Path, *, start: str, device: str, threads: int,
    workers: int, seed: int,
) -> Path:  # fmt: skip
    """Trains and returns the weights file. Raises UsageError or DataError before the first step."""
    registry.get(method)
    plan = recipe(recipe_name)
    if start not in START:
        raise UsageError(f"--start {start}: expected imagenet or none")
    known_device(device)
    sources = [pair for root in still_roots for pair in stills(root)]
    clips = [video for spec in videos for video in video_pairs(spec, split)]
    if not sources and not clips:
        raise UsageError("nothing to train on: give --stills PATH or --videos NAME=PATH")
    if not sources and any(s.video_share < 1 for s in plan.stages):
        raise UsageError(f"recipe {recipe_name} needs stills: give --stills PATH")
    if threads:
        torch.set_num_threads(threads)
    first = imagenet.start(preset(preset_name).backbone) if start == "imagenet" else None
    network = Network.build(method, preset_name, seed=seed, start=first)
    network = network.to(memory_format=torch.channels_last)
    kind, _, index = device.partition(":")
    fabric = Fabric(accelerator=kind, devices=[int(index)] if index else 1)
    run = Run(method, preset_name, plan, seed, out, workers=workers)
    with Bar() as bar, Log(out, bar, plan) as log:
        return train_run(run, network, sources, clips, fabric, log.step)


def video_pairs(spec: str, split: Path | None) -> list[list[Pair]]:
    """(frame, mask) files of every sequence of a data set.

    Raises:
        DataError: the data set has no files, as the synthetic one.
    """
    videos = load(spec, split).videos
    files = [video for video in videos if isinstance(video, FileVideo)]
    if len(files) < len(videos):
        raise DataError(f"--videos {spec}: training reads frames from files: give davis2016=PATH")
    return [[(v.frames[t], path) for t, path in sorted(v.masks.items())] for v in files]
