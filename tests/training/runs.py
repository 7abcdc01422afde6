"""A tiny training run, also as a program: to be killed, and to be run by several processes.

python -m tests.training.runs OUT [STEPS_PER_STAGE] [DEVICES]
"""

import sys
from collections.abc import Callable
from pathlib import Path

import torch
from lightning_fabric import Fabric

from tests.training.sets import sources
from vosbench.model.network import Network
from vosbench.training import parallel
from vosbench.training.loop import Done, Run, train
from vosbench.training.recipe import Recipe, Stage

LOSSES = "losses.txt"


def recipe(steps: int = 2) -> Recipe:
    return Recipe(
        stages=(
            Stage(steps, 32, 0.5, 1, 1e-3, "cross_entropy"),
            Stage(steps, 32, 0.5, 1, 1e-3, "hybrid", frames=2),
        ),
        batch=2, optimiser="adamw", backbone_rate=0.3, key_rate=0.1, cosine=True,
        half_decoder=False, average=0.5,
    )  # fmt: skip


def go(run: Run, folder: Path, fabric: Fabric, report: Callable[[Done], None]) -> Path:
    """Trains on small sources that are written to `folder` first."""
    network = Network.build(run.method, run.preset, seed=run.seed)
    return train(run, network, sources(folder), fabric, report)


def main(out: Path, steps: int = 2, devices: int = 1) -> None:
    """Trains gc; every step adds a line `step loss` to `losses.txt`."""
    torch.set_num_threads(1)
    run = Run("gc", "mini", recipe(steps), 0, "none", out, save_every=2)
    fabric = parallel.fabric("cpu", "32", devices, None, run.recipe.batch)
    parallel.launch(fabric)

    def report(done: Done) -> None:
        if fabric.is_global_zero:
            with (out / LOSSES).open("a") as file:
                file.write(f"{done.step} {done.loss!r}\n")

    out.mkdir(parents=True, exist_ok=True)
    go(run, out / f"stills{fabric.global_rank}", fabric, report)


def losses(out: Path) -> dict[int, float]:
    """What the program wrote; a step that was done again counts as it was done last."""
    path = out / LOSSES
    lines = path.read_text().splitlines() if path.exists() else []
    return {int(step): float(loss) for step, loss in (line.split() for line in lines)}


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
