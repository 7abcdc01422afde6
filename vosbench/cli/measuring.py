"""Verbs that measure: bench and ablate, which takes all of bench's options."""

# No `from __future__ import annotations` here: typer reads the annotations when it builds a verb.
import functools
import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from vosbench.cli.app import app
from vosbench.cli.runs import matched, measure, settings_of
from vosbench.errors import UsageError, folder


def with_options_of(verb: Callable[..., None]) -> Callable[[Callable[..., None]], Any]:
    """Decorator: a verb also takes another's options, as its ``**options``."""

    def decorate(function: Callable[..., None]) -> Any:
        own = list(inspect.signature(function).parameters.values())[:-1]  # without **options
        every = [*own, *inspect.signature(verb).parameters.values()]

        @functools.wraps(function)
        def widened(**given: Any) -> None:
            function(**given)

        vars(widened)["__signature__"] = inspect.Signature(every)
        widened.__annotations__ = {p.name: p.annotation for p in every}
        return widened

    return decorate


@app.command()
def bench(
    methods: Annotated[
        str, typer.Option(help="names, or name:parameter=value, by commas; all or trained")
    ] = "",
    data: Annotated[
        list[str] | None,
        typer.Option(help="NAME or NAME=PATH as in 'vosbench list'; may be repeated"),
    ] = None,
    split: Annotated[Path | None, typer.Option(help="file with one sequence a line")] = None,
    harness: Annotated[
        str, typer.Option(help="which of these four")
    ] = "accuracy,flops,growth,speed",
    preset: Annotated[str, typer.Option(help="shape of the encoder-decoder")] = "mini",
    weights: Annotated[
        str, typer.Option(help="auto, none, a method whose weights all take, a file or a folder")
    ] = "auto",
    size: Annotated[
        int | None, typer.Option(min=16, help="short side of frames; the preset's by default")
    ] = None,
    store: Annotated[
        Path, typer.Option(parser=folder, help="records and predictions go here")
    ] = Path("runs/bench"),
    out: Annotated[Path, typer.Option(parser=folder, help="the report goes here")] = Path(
        "reports/bench"
    ),
    film: Annotated[bool, typer.Option("--film", help="each video with its masks, as MP4")] = False,
    device: Annotated[str, typer.Option(help="cpu or cuda")] = "cpu",
    precision: Annotated[str, typer.Option(help="float32, bfloat16 or float16")] = "float32",
    channels_last: Annotated[bool, typer.Option(help="memory layout of the network")] = True,
    compile: Annotated[bool, typer.Option("--compile", help="torch.compile the network")] = False,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 = torch's choice")] = 0,
    workers: Annotated[
        int, typer.Option(min=0, help="processes that measure accuracy; 0 = one per CPU thread")
    ] = 0,
    on: Annotated[
        str, typer.Option(help="local, ray (the cluster found here) or ray://HOST:PORT")
    ] = "local",
    time_limit: Annotated[
        float, typer.Option(min=0, help="seconds for a cell; 0 = an hour and a minute a frame")
    ] = 0.0,
    worker_memory: Annotated[
        float, typer.Option(min=0, help="GiB for a worker; 0 = most of what is free")
    ] = 0.0,
    growth_t: Annotated[
        int, typer.Option(min=1, help="t to which a memory's bytes are followed")
    ] = 100,
    match_state: Annotated[
        str, typer.Option(help="cap every memory to so many bytes, as 1MiB, or to a method's state")
    ] = "",
    match_macs: Annotated[
        str, typer.Option(help="likewise to so many multiply-adds a read, as 500M, or a method's")
    ] = "",
    memory_limit: Annotated[
        str, typer.Option(help="as 4GiB: growth says at which t a method ends in that much")
    ] = "",
    seed: Annotated[int, typer.Option(help="of networks without trained weights")] = 0,
) -> None:
    """Run methods x data sets x harnesses, and render the report.

    Without --methods: gc, stm and stcn, or what --weights FOLDER has weights for. Without, and with
    --methods trained (all that have weights for the preset), none runs on each method's shipped
    weights, too, for what its memory adds.

    Equal room on long videos with look-alikes and occlusions:
    vosbench bench --data synthetic:length=500,scenario=crossing-twins+occlusion --methods
    stm,window,rmem,afb_urr --weights stm --match-state 2MiB --harness accuracy,growth
    """
    settings = settings_of(locals())
    from vosbench.harness.checkpoint import TRAINED, named
    from vosbench.harness.control import controls

    whole = replace(settings, methods=named(settings.methods, preset, weights))
    beside = controls(whole) if {*settings.methods} <= {TRAINED} else []
    measure([matched(whole, match_state, match_macs), *beside], on)


@app.command()
@with_options_of(bench)
def ablate(
    more: Annotated[
        list[str] | None, typer.Argument(metavar="AXIS...", help="further axes after --grid")
    ] = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(help="METHOD.PARAMETER=VALUE,...; policy.X, run.X or data.X"),
    ] = None,
    paired: Annotated[
        bool, typer.Option("--list", help="first values together, then the second ones, ...")
    ] = False,
    **options: Any,
) -> None:
    """Run a grid over parameters, write policy, frame size, precision and objects.

    How often to write, on the shipped weights of each:
    vosbench ablate --methods stm,stcn --grid policy.every=1,2,5,10

    Table 2 of the GC paper (context size against J&F, parameters, time); each context size is a
    network of its own, so J&F is of untrained ones unless --weights FOLDER has yours:
    vosbench ablate --grid "gc.key_dim=64,128,512" --preset paper --harness accuracy,flops,speed
    """
    from vosbench.harness.ablate import expand
    from vosbench.harness.ablation_table import table

    axes = [axis for text in (*(grid or ()), *(more or ())) for axis in text.split()]
    if not axes:
        raise UsageError("ablate varies nothing: add --grid, as in --grid stm.every=1,2,5")
    budgets = options["match_state"], options["match_macs"]
    points = expand(settings_of(options), axes, paired=paired, capped=any(budgets))
    runs = [matched(run, *budgets) for run in points]
    measure(runs, options["on"], lambda: typer.echo(table(runs)))
