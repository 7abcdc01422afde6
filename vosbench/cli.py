"""The command line: verbs that parse, call one function each, and print one line per mistake."""

# No `from __future__ import annotations` here: typer reads the annotations when it builds a verb.
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from vosbench.errors import UsageError, VosbenchError

app = typer.Typer(
    help="Benchmarks the memory modules of semi-supervised video object segmentation.",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
)  # fmt: skip


def main() -> None:
    """Runs a verb. A user's mistake is one line on stderr and exit status 2, never a traceback."""
    warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"
    try:
        app()
    except VosbenchError as mistake:
        sys.exit(_complain(mistake))
    except KeyboardInterrupt:
        print(
            "stopped: what was measured is in the store; the same command goes on", file=sys.stderr
        )
        sys.exit(130)


@app.command("list")
def list_() -> None:
    """Name methods, data sets, presets and harnesses."""
    from vosbench.harness.listing import listing

    typer.echo(listing())


@app.command()
def bench(
    methods: Annotated[str, typer.Option(help="names, or name:parameter=value, by commas")] = "",
    data: Annotated[
        list[str] | None, typer.Option(help="NAME or NAME=PATH; may be repeated")
    ] = None,
    split: Annotated[Path | None, typer.Option(help="file with one sequence a line")] = None,
    harness: Annotated[str, typer.Option(help="by commas")] = "accuracy,flops,growth,speed",
    preset: Annotated[str, typer.Option(help="shape of the encoder-decoder")] = "mini",
    weights: Annotated[str, typer.Option(help="auto, none, a file, or a folder")] = "auto",
    size: Annotated[int | None, typer.Option(min=16, help="short side of frames")] = None,
    store: Annotated[Path, typer.Option(help="records and predictions go here")] = Path(
        "runs/bench"
    ),
    out: Annotated[Path, typer.Option(help="the report goes here")] = Path("reports/bench"),
    device: Annotated[str, typer.Option(help="cpu or cuda")] = "cpu",
    precision: Annotated[str, typer.Option(help="float32 or bfloat16")] = "float32",
    seed: int = 0,
) -> None:
    """Run methods x data sets x harnesses, and render the report."""
    from vosbench import registry
    from vosbench.harness.progress import Bar
    from vosbench.harness.run import bench as run
    from vosbench.harness.settings import Settings
    from vosbench.report import render

    settings = Settings(
        methods=split_methods(methods) if methods else tuple(registry.methods()),
        data=tuple(data or ["synthetic"]), split=split,
        harnesses=tuple(filter(None, harness.split(","))), preset=preset, weights=weights,
        short_side=size, store=store, device=device, precision=precision, seed=seed,
    )  # fmt: skip
    with Bar() as bar:
        summary = run(settings, bar)
    typer.echo(
        f"{summary.measured} cells measured, {summary.present} found in {store}, "
        f"{len(summary.failed)} failed"
    )
    for line in summary.failed:
        typer.echo(f"failed: {line}", err=True)
    typer.echo(f"report: {render(store, out)}")
    raise typer.Exit(1 if summary.failed else 0)


@app.command()
def train(
    method: str,
    out: Annotated[Path, typer.Option(help="checkpoints, logs and weights go here")],
    preset: str = "mini",
    recipe: Annotated[
        str, typer.Option(help="paper, mini or refine; the preset's name by default")
    ] = "",
    stills: Annotated[
        list[Path] | None, typer.Option(help="folder with images/ and one of masks")
    ] = None,
    videos: Annotated[
        list[str] | None,
        typer.Option(help="a data set as in --data; one given twice is drawn twice as often"),
    ] = None,
    split: Annotated[Path | None, typer.Option(help="file with one sequence a line")] = None,
    start: Annotated[str, typer.Option(help="imagenet, none, or a file of weights")] = "imagenet",
    device: str = "cpu",
    threads: Annotated[int, typer.Option(help="CPU threads; 0 = all")] = 0,
    workers: Annotated[int, typer.Option(help="processes that make clips")] = 0,
    seed: int = 0,
) -> None:
    """Train a method on clips from stills and videos; a killed run goes on where it stopped."""
    from vosbench.training.main import train as run

    weights = run(
        method, preset, recipe or preset, stills or [], videos or [], split, out,
        start=start, device=device, threads=threads, workers=workers, seed=seed,
    )  # fmt: skip
    typer.echo(f"weights: {weights}")


@app.command()
def report(
    store: Annotated[Path, typer.Argument(help="folder of the records")] = Path("runs/bench"),
    out: Annotated[Path, typer.Option(help="the report goes here")] = Path("reports/bench"),
) -> None:
    """Render the report from stored records alone (as ``python -m vosbench.report``)."""
    from vosbench.report import render

    typer.echo(f"report: {render(store, out)}")


@app.command()
def score(
    gt: Path,
    pred: Path,
    protocol: Annotated[str, typer.Option(help="which evaluator's rules")] = "davis2017",
    workers: Annotated[int, typer.Option(min=1)] = 1,
    csv: Annotated[Path | None, typer.Option(help="per frame and object")] = None,
    json: Annotated[Path | None, typer.Option(help="summary")] = None,
    official_decay: Annotated[bool, typer.Option(help="the official, overflowing decay")] = False,
) -> None:
    """Score folders of masks: J, F and J&F per sequence and object."""
    from vosbench.harness.score import run_score

    run_score(
        gt, pred, protocol=protocol, workers=workers, csv=csv, json=json,
        official_decay=official_decay,
    )  # fmt: skip


def split_methods(text: str) -> tuple[str, ...]:
    """Method names with their parameters, by commas; a part with "=" belongs to the name before it.

    >>> split_methods("gc,stm:policy_every=2,key_dim=64")
    ('gc', 'stm:policy_every=2,key_dim=64')
    """
    parts: list[str] = []
    for part in filter(None, text.split(",")):
        if "=" in part and ":" not in part:
            if not parts:
                raise UsageError(f"--methods {text!r}: {part!r} has no method before it")
            parts[-1] += f",{part}"
        else:
            parts.append(part.strip())
    return tuple(parts)


def _complain(mistake: VosbenchError) -> int:
    print(f"error: {mistake}", file=sys.stderr)
    return 2
