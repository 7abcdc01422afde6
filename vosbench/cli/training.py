"""Verbs that make weights: train and convert."""

# No `from __future__ import annotations` here: typer reads the annotations when it builds a verb.
from pathlib import Path
from typing import Annotated

import typer

from vosbench.cli.app import app
from vosbench.errors import folder


@app.command()
def train(
    method: Annotated[str, typer.Argument(help="a name, or name:parameter=value as in bench")],
    out: Annotated[Path, typer.Option(parser=folder, help="checkpoints, logs and weights go here")],
    preset: Annotated[str, typer.Option(help="shape of the encoder-decoder")] = "mini",
    recipe: Annotated[
        str, typer.Option(help="paper, mini, refine, long, adapt, rekey; the preset's by default")
    ] = "",
    loss: Annotated[
        str, typer.Option(help="cross_entropy or hybrid; the recipe's own by default")
    ] = "",
    stills: Annotated[
        list[Path] | None, typer.Option(help="folder with images/ and one of masks")
    ] = None,
    videos: Annotated[
        list[str] | None,
        typer.Option(help="a data set as in --data; one given twice is drawn twice as often"),
    ] = None,
    split: Annotated[Path | None, typer.Option(help="file with one sequence a line")] = None,
    held_out: Annotated[str, typer.Option(help="a data set as in --data: J is logged")] = "",
    held_out_every: Annotated[int, typer.Option(min=1, help="steps between such J")] = 500,
    held_out_split: Annotated[Path | None, typer.Option(help="its sequences")] = None,
    start: Annotated[
        str, typer.Option(help="imagenet, none, or weights, of any method; imagenet by default")
    ] = "",
    device: Annotated[str, typer.Option(help="cpu or cuda")] = "cpu",
    devices: Annotated[
        int | None, typer.Option(min=1, help="processes on each node; the launcher's, or 1")
    ] = None,
    nodes: Annotated[int | None, typer.Option(min=1, help="the launcher's, or 1")] = None,
    precision: Annotated[str, typer.Option(help="32 or bf16-mixed")] = "32",
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 = torch's choice")] = 0,
    workers: Annotated[int, typer.Option(min=0, help="processes that make clips")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="of the network and the clips")] = 0,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="a minute on built-in videos: does the method learn?")
    ] = False,
) -> None:
    """Train a method on clips from stills and videos; a killed run goes on where it stopped."""
    from vosbench.training.main import Options
    from vosbench.training.main import train as run

    told = run(
        Options(
            method=method, out=out, preset=preset, recipe=recipe, loss=loss,
            stills=tuple(stills or ()), videos=tuple(videos or ()), split=split, held_out=held_out,
            held_out_every=held_out_every, held_out_split=held_out_split, start=start,
            device=device, devices=devices, nodes=nodes, precision=precision, threads=threads,
            workers=workers, seed=seed, smoke=smoke,
        ),
        typer.echo,
    )  # fmt: skip
    for line in told:
        typer.echo(line)


@app.command()
def convert(
    method: Annotated[str, typer.Argument(help="stm")],
    checkpoint: Annotated[Path, typer.Argument(help="the authors' file, as torch.save wrote it")],
    out: Annotated[Path, typer.Option(help="the weights go here: a file or a folder")] = Path(),
) -> None:
    """Convert a public checkpoint into weights for its authors' network, as a preset."""
    from vosbench.model.original.convert import convert as run

    typer.echo(f"weights: {run(method, checkpoint, out)}")
