from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric

from tests.training.stills import write_stills
from vosbench.errors import DataError
from vosbench.model import weights
from vosbench.model.network import Network
from vosbench.training.checkpoint import NAME
from vosbench.training.loop import Run, train
from vosbench.training.recipe import Recipe, Stage
from vosbench.training.sources import Pair, stills

TINY = Recipe(
    stages=(
        Stage(2, 32, 0.0, 1, 1e-3, "cross_entropy"),
        Stage(2, 32, 0.5, 1, 1e-3, "hybrid"),
    ),
    batch=2, optimiser="adamw", backbone_rate=0.3, cosine=True, half_decoder=False, average=0.5,
)  # fmt: skip


class KilledError(Exception):
    pass


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> list[Pair]:
    return stills(write_stills(tmp_path_factory.mktemp("stills")))


def go(run: Run, pairs: list[Pair], report: Callable[[int, float, Network], None]) -> Path:
    network = Network.build(run.method, run.preset, seed=run.seed)
    return train(run, network, pairs, [pairs], Fabric(accelerator="cpu", devices=1), report)


def losses_of(run: Run, pairs: list[Pair], kill_at: int = 0) -> tuple[list[float], Path | None]:
    """Losses step by step; a run killed in its report of step `kill_at` gives no weights."""
    losses: list[float] = []

    def report(step: int, loss: float, _: Network) -> None:
        if step == kill_at:
            raise KilledError
        losses.append(loss)

    try:
        return losses, go(run, pairs, report)
    except KilledError:
        return losses, None


def test_a_run_killed_midway_goes_on_with_exactly_the_losses_of_an_unbroken_one(
    tmp_path: Path, pairs: list[Pair]
) -> None:
    whole = Run("gc", "mini", TINY, 0, tmp_path / "whole", save_every=2)
    broken = replace(whole, out=tmp_path / "broken")
    unbroken, path = losses_of(whole, pairs)
    before, none = losses_of(broken, pairs, kill_at=3)
    after, resumed = losses_of(broken, pairs)
    assert none is None
    assert len(unbroken) == 4
    assert len(set(unbroken)) == 4
    assert (before, after) == (unbroken[:2], unbroken[2:])
    assert path is not None
    assert resumed is not None
    a, b = weights.read(path)[0], weights.read(resumed)[0]
    assert all(torch.equal(a[k], b[k]) for k in a)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory, pairs: list[Pair]) -> Run:
    """A run of one step that has left a checkpoint."""
    short = replace(TINY, stages=TINY.stages[:1])
    run = Run("gc", "mini", short, 0, tmp_path_factory.mktemp("run"), save_every=1)
    losses_of(run, pairs, kill_at=2)
    assert (run.out / NAME).exists()
    return run


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"method": "stm"}, r"has method gc; this run has stm"),
        ({"seed": 7}, r"has seed 0; this run has 7"),
        ({"recipe": replace(TINY, batch=1)}, r"has recipe .*; this run has .*'batch': 1"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_with_both_named(
    stopped: Run, pairs: list[Pair], changed: dict[str, object], named: str
) -> None:
    with pytest.raises(DataError, match=named):
        losses_of(replace(stopped, **changed), pairs)  # type: ignore[arg-type]


def test_a_damaged_checkpoint_is_named(tmp_path: Path, stopped: Run, pairs: list[Pair]) -> None:
    content = (stopped.out / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(content[:100])
    with pytest.raises(DataError, match=NAME):
        losses_of(replace(stopped, out=tmp_path), pairs)
