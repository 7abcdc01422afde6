"""From what a user types after ``vosbench train`` to a training run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from vosbench import registry
from vosbench.data import Dataset, Video, load
from vosbench.errors import DataError, UsageError, unknown
from vosbench.harness.defaults import POLICY
from vosbench.harness.subject import parse
from vosbench.model.network import PRESETS, Network, changed
from vosbench.progress import Bar
from vosbench.results import ensure_writable
from vosbench.training import held_out, parallel, smoke
from vosbench.training.clips import Sources
from vosbench.training.held_out import HeldOut
from vosbench.training.log import Log
from vosbench.training.loop import Done, Run
from vosbench.training.loop import train as train_run
from vosbench.training.recipe import RECIPES, Recipe, recipe
from vosbench.training.sources import digest, stills
from vosbench.training.start import WORDS, start


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a user may say about a training."""

    method: str  # "gc", or "gc:key_dim=128" as in a bench
    out: Path  # the run's folder
    preset: str = "mini"
    recipe: str = ""  # the preset's name by default
    loss: str = ""  # in place of the recipe's own
    stills: tuple[Path, ...] = ()
    videos: tuple[str, ...] = ()  # data sets, as in `data.load`
    split: Path | None = None  # of the videos
    held_out: str = ""  # data set that J is measured on
    held_out_every: int = 500  # steps
    held_out_split: Path | None = None
    start: str = ""  # imagenet, none or a file; imagenet by default, none for a smoke test
    device: str = "cpu"
    devices: int | None = None  # processes on each node; None = what the launcher started, or 1
    nodes: int | None = None
    precision: str = "32"
    threads: int = 0  # CPU threads of each process; 0 = torch's own choice
    workers: int = 1  # processes that make clips
    seed: int = 0
    smoke: bool = False  # a minute on built-in videos, to see that a method learns

    @property
    def plan(self) -> Recipe:
        """The recipe. Raises UsageError for an unknown one."""
        if self.smoke and self.recipe:
            raise UsageError(f"--recipe {self.recipe}: --smoke has a recipe of its own; give one")
        own = self.smoke or self.recipe or self.preset in RECIPES
        if not own and self.preset in PRESETS:
            raise UsageError(
                f"preset {self.preset} has no recipe of its own: give --recipe, one of "
                f"{', '.join(RECIPES)}"
            )
        return recipe("smoke" if self.smoke else self.recipe or self.preset, self.loss)


def train(options: Options, tell: Callable[[str], None] = lambda line: None) -> list[str]:
    """Trains, and returns what to tell the user, one line each; nothing but in the first process.

    Args:
        options: what the user said.
        tell: called with a line that is not to wait for the end, in the first process.

    Raises:
        UsageError, DataError: before the first step, for anything that does not fit.
        PluginError: a smoke test shows that the method does not learn.
    """
    o, plan = options, options.plan
    method, parameters = _subject(o)
    given = o.start or ("none" if o.smoke else "imagenet")
    if given not in WORDS and not Path(given).is_file():
        raise UsageError(f"--start {given}: expected imagenet, none or a file of weights")
    fabric = parallel.fabric(o.device, o.precision, o.devices, o.nodes, plan.batch)
    sources, data = _sources(o, plan)
    ensure_writable(o.out, "--out", make=False)
    held = _held_out(o, sources)
    first = start(method, o.preset, parameters, given, o.seed, plan.key_scale)
    network = first.network.to(memory_format=torch.channels_last)
    if o.threads:
        torch.set_num_threads(o.threads)
    parallel.launch(fabric)
    if first.told and fabric.is_global_zero:
        tell(first.told)
    run = Run(
        method, o.preset, plan, o.seed, first.name, o.out, o.precision, data,
        digest(sources.stills, chain(*sources.videos)), workers=o.workers, parameters=parameters,
    )  # fmt: skip
    before = smoke.losses(network, sources, plan, o.seed) if o.smoke else None
    measure = HeldOut(method, o.preset, held, o.held_out_every, o.out, fabric) if held else None
    path = _run(run, network, sources, fabric, measure)
    told = [f"weights: {path}"]
    if before is not None:
        after = smoke.losses(network, sources, plan, o.seed)
        told.append(smoke.verdict(o.method, smoke.fall(before, after)))
    return told if fabric.is_global_zero else []


def footage(spec: str, split: Path | None) -> Dataset:
    """The videos of a data set that a clip can be cut from.

    Raises:
        DataError: no video has two frames with truth.
    """
    dataset = load(spec, None if spec.startswith("synthetic") else split)
    videos = tuple(video for video in dataset.videos if len(video.annotated) > 1)
    if not videos:
        raise DataError(f"--videos {spec}: no video has two annotated frames to train on")
    return Dataset(dataset.name, videos, dataset.protocol, dataset.notes)


def _sources(o: Options, plan: Recipe) -> tuple[Sources, tuple[str, ...]]:
    """What clips are made from, and the same in words, without places on this machine."""
    pairs = [stills(root) for root in o.stills]
    specs = o.videos or ((smoke.DATA,) if o.smoke and not o.stills else ())
    sets = [footage(spec, o.split) for spec in specs]
    if not pairs and not sets:
        raise UsageError("nothing to train on: give --stills PATH or --videos NAME=PATH")
    if not pairs and any(s.video_share < 1 for s in plan.stages):
        raise UsageError(f"recipe {o.recipe or o.preset} needs stills: give --stills PATH")
    if not sets and any(s.video_share > 0 for s in plan.stages):
        raise UsageError(f"recipe {o.recipe or o.preset} needs videos: give --videos NAME=PATH")
    words = [
        *(f"{d.resolve().name}: {len(p)} stills" for d, p in zip(o.stills, pairs, strict=True)),
        *(f"{d.name}: {len(d.videos)} videos" for d in sets),
    ]  # fmt: skip
    everything: list[list[Video]] = [list(d.videos) for d in sets]
    return Sources([pair for p in pairs for pair in p], everything), tuple(words)


def _held_out(o: Options, sources: Sources) -> Dataset | None:
    if not o.held_out:
        return None
    dataset = load(o.held_out, o.held_out_split)
    held_out.check(dataset, o.held_out, sources.videos)
    held_out.read(o.out / held_out.CSV)  # a damaged file is told of now, and not after hours
    return dataset


def _subject(o: Options) -> tuple[str, dict[str, Any]]:
    """The method, and those of its parameters that are not its defaults."""
    method, given = parse(o.method)
    registry.get(method)
    host = [name for name in given if name.startswith(POLICY)]
    if host:
        raise UsageError(
            f"method {o.method!r}: {host[0]} is of the host, which writes every frame of a clip; "
            "expected parameters of the memory: leave it out, and give it to bench"
        )
    known = {*registry.parameters(method), "key_dim", "value_dim"}
    for name in given:
        if name not in known:
            raise unknown(f"parameter of {method}", name, known)
    return method, changed(method, o.preset, given)


def _run(
    run: Run, network: Network, sources: Sources, fabric: Fabric, held: HeldOut | None
) -> Path:
    """The training, told of by the first process and measured by all."""
    with Bar() as bar, Log(run.out, bar, run.recipe) as log:

        def report(done: Done) -> None:
            due = held is not None and held.due(done.step, run.recipe.steps)
            J = held.measure(done.step, done.network) if held and due else None
            if fabric.is_global_zero:
                log.step(done, J)

        return train_run(run, network, sources, fabric, report)
