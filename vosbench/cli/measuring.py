"""Verbs that measure: bench and ablate, which takes all of bench's options."""

# No `from __future__ import annotations` here: typer reads the annotations when it builds a verb.
import functools
import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vosbench.cli.app import app
from vosbench.errors import UsageError

if TYPE_CHECKING:
    from vosbench.harness.settings import Settings


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
    store: Annotated[Path, typer.Option(help="records and predictions go here")] = Path(
        "runs/bench"
    ),
    out: Annotated[Path, typer.Option(help="the report goes here")] = Path("reports/bench"),
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
    settings = _settings(locals())
    from vosbench.harness.checkpoint import TRAINED, named
    from vosbench.harness.control import controls

    whole = replace(settings, methods=named(settings.methods, preset, weights))
    beside = controls(whole) if {*settings.methods} <= {TRAINED} else []
    _measure([_matched(whole, match_state, match_macs), *beside], on)


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
    runs = [_matched(run, *budgets) for run in expand(_settings(options), axes, paired=paired)]
    _measure(runs, options["on"], lambda: typer.echo(table(runs)))


def split_methods(text: str) -> tuple[str, ...]:
    """Method names with their parameters, by commas; a part with "=" belongs to the name before it.

    >>> split_methods("gc,stm:policy_every=2,key_dim=64")
    ('gc', 'stm:policy_every=2,key_dim=64')
    """
    parts: list[str] = []
    for part in text.split(",") if text else ():
        if not part.strip():
            raise UsageError(f"--methods {text!r}: a name is empty; expected one at each comma")
        if "=" in part and ":" not in part:
            if not parts:
                raise UsageError(f"--methods {text!r}: {part!r} has no method before it")
            parts[-1] += f",{part}"
        else:
            parts.append(part.strip())
    return tuple(parts)


def _settings(options: dict[str, Any]) -> "Settings":
    """What bench's options say, its methods as typed."""
    from vosbench.harness.growth import parse_bytes
    from vosbench.harness.settings import Settings

    o = dict(options)
    limit = o.pop("memory_limit")
    for name in ("match_state", "match_macs", "on"):
        o.pop(name)
    return Settings(
        methods=split_methods(o.pop("methods")), data=tuple(o.pop("data") or ["synthetic"]),
        harnesses=tuple(filter(None, o.pop("harness").split(","))), short_side=o.pop("size"),
        memory_limit=parse_bytes(limit) if limit else None, **o,
    )  # fmt: skip


def _matched(settings: "Settings", state: str, macs: str = "") -> "Settings":
    """The run with its memories capped to a budget, where there is one; says how each is."""
    if not (state or macs):
        return settings
    if state and macs:
        raise UsageError("--match-state and --match-macs: a memory is capped by one; give one")
    from vosbench.data import load
    from vosbench.harness.budget import match
    from vosbench.harness.room import MACS, STATE

    datasets = [load(spec, settings.split) for spec in settings.data]
    found = match(settings, state or macs, datasets, STATE if state else MACS)
    for one in found:
        typer.echo(str(one))
    fitting = tuple(one.text for one in found if one.fits)
    return replace(settings, methods=fitting, matched=tuple(found))


def _measure(runs: "list[Settings]", on: str, then: Callable[[], None] = lambda: None) -> None:
    """Runs one after another into one store, then says what was done and renders the report."""
    from vosbench.harness.run import bench as run
    from vosbench.harness.run import executor_on
    from vosbench.progress import Bar
    from vosbench.report import render

    store, out = runs[0].store, runs[0].out
    try:
        with executor_on(on) as executor, Bar() as bar:
            found = [run(settings, bar, executor) for settings in runs]
    except KeyboardInterrupt:
        stopped = "stopped: what was measured is in the store; the same command goes on"
        typer.echo(stopped, err=True)
        raise typer.Exit(130) from None
    failed = [line for summary in found for line in summary.failed]
    typer.echo(
        f"{sum(s.measured for s in found)} cells measured, {sum(s.present for s in found)} "
        f"found in {store}, {len(failed)} failed"
    )
    for line in failed:
        typer.echo(f"failed: {line}", err=True)
    then()
    assert out is not None  # an option with a default
    typer.echo(f"report: {render(store, out)}")
    raise typer.Exit(1 if failed else 0)
