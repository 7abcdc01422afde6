import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric

from tests.training.runs import LOSSES, go, losses, main, recipe
from vosbench.errors import DataError
from vosbench.model import weights
from vosbench.training.checkpoint import NAME
from vosbench.training.loop import Done, Run

ROOT = Path(__file__).parents[2]
STEPS = 4  # of each of two stages


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def kill_after(step: int, out: Path) -> str:
    """Starts the program, and ends it by SIGKILL once it has told of a step; what it told."""
    command = [sys.executable, "-m", "tests.training.runs", str(out), str(STEPS)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + 300
        while step not in losses(out):
            assert process.poll() is None, process.stderr and process.stderr.read()
            assert time.monotonic() < end
            time.sleep(0.01)
        process.kill()
    assert process.returncode == -9
    return (out / LOSSES).read_text()


def test_a_run_killed_midway_goes_on_with_exactly_the_losses_of_an_unbroken_one(
    tmp_path: Path,
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    main(whole, STEPS)
    told = kill_after(3, broken)
    assert (broken / NAME).exists()
    assert not (broken / "gc-mini.safetensors").exists()
    main(broken, STEPS)
    resumed = (broken / LOSSES).read_text().removeprefix(told)
    assert resumed.split()[0] != "1"  # it went on from a checkpoint
    assert len(set(losses(whole).values())) == 2 * STEPS
    assert losses(broken) == losses(whole)  # bit for bit: floats are written whole
    a, b = (weights.read(out / "gc-mini.safetensors")[0] for out in (whole, broken))
    assert a.keys() == b.keys()
    assert all(torch.equal(a[k], b[k]) for k in a)


class StopError(Exception):
    pass


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of two steps that has left a checkpoint of one."""
    folder = tmp_path_factory.mktemp("run")
    run = Run("gc", "mini", recipe(2), 0, "none", folder, data=("a: 3 stills",), save_every=1)
    run = replace(run, data_digest="0a")

    def report(done: Done) -> None:
        if done.step == 2:
            raise StopError

    with pytest.raises(StopError):
        go(run, folder / "stills", Fabric(accelerator="cpu", devices=1), report)
    assert (run.out / NAME).exists()
    return run


def again(run: Run, folder: Path) -> None:
    go(run, folder / "stills", Fabric(accelerator="cpu", devices=1), lambda done: None)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"method": "stm"}, r"has method gc; this run has stm"),
        ({"preset": "paper"}, r"has preset mini; this run has paper"),
        ({"parameters": {"key_dim": 8}}, r"has parameters\.key_dim None; this run has 8"),
        ({"seed": 7}, r"has seed 0; this run has 7"),
        ({"start": "imagenet"}, r"has start none; this run has imagenet"),
        ({"precision": "bf16-mixed"}, r"has precision 32; this run has bf16-mixed"),
        ({"data": ("b: 4 stills",)}, r"has data\[0\] a: 3 stills; this run has b: 4 stills"),
        ({"data_digest": "0b"}, r"has data_digest 0a; this run has 0b"),
        ({"recipe": replace(recipe(2), batch=1)}, r"has recipe\.batch 2; this run has 1"),
        ({"recipe": recipe(3)}, r"has recipe\.stages\[0\]\.steps 2; this run has 3"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_with_both_named(
    tmp_path: Path, stopped: Run, changed: dict[str, object], named: str
) -> None:
    with pytest.raises(DataError, match=named):
        again(replace(stopped, **changed), tmp_path)  # type: ignore[arg-type]


def test_a_checkpoint_of_another_shape_is_refused_with_both_named(
    tmp_path: Path, stopped: Run
) -> None:
    tensors, facts = weights.read(stopped.out / NAME)
    name = next(k for k, v in tensors.items() if k.startswith("network.") and v.ndim == 4)
    shape = tuple(tensors[name].shape)
    tensors[name] = tensors[name][:1]
    weights.write(tmp_path / NAME, tensors, facts)
    with pytest.raises(DataError) as caught:
        again(replace(stopped, out=tmp_path), tmp_path)
    message = caught.value.args[0]
    assert name in message
    assert f"is {(1, *shape[1:])}; the network expects {shape}" in message


def test_a_checkpoint_from_before_the_data_had_a_digest_is_gone_on_from(
    tmp_path: Path, stopped: Run
) -> None:
    tensors, facts = weights.read(stopped.out / NAME)
    assert facts.pop("data_digest") == "0a"
    weights.write(tmp_path / NAME, tensors, facts)
    again(replace(stopped, out=tmp_path), tmp_path)


def test_a_checkpoint_from_before_parameters_were_noted_had_the_defaults(
    tmp_path: Path, stopped: Run
) -> None:
    tensors, facts = weights.read(stopped.out / NAME)
    assert facts.pop("parameters") == {}
    weights.write(tmp_path / NAME, tensors, facts)
    with pytest.raises(DataError, match=r"has parameters\.key_dim None; this run has 8"):
        again(replace(stopped, out=tmp_path, parameters={"key_dim": 8}), tmp_path)
    again(replace(stopped, out=tmp_path), tmp_path)


def test_a_damaged_checkpoint_is_named(tmp_path: Path, stopped: Run) -> None:
    content = (stopped.out / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(content[:100])
    with pytest.raises(DataError, match=NAME):
        again(replace(stopped, out=tmp_path), tmp_path)
