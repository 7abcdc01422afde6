import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from tests.training.runs import losses, main
from vosbench.errors import DataError, UsageError
from vosbench.model import weights
from vosbench.model.network import Network
from vosbench.training import parallel
from vosbench.training.batches import part

ROOT = Path(__file__).parents[2]
STEPS = 3  # of each of two stages
MODULE = "tests.training.runs"
LAUNCHERS = {
    "none": ["-m", MODULE],  # Fabric starts the second process itself
    "torchrun": [
        "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", MODULE,
    ],
    "fabric run": [
        "-m", "lightning_fabric.cli", "--accelerator", "cpu", "--devices", "2",
        "--main-port", "29417", str(ROOT / "tests" / "training" / "runs.py"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("world", [1, 2, 4])
def test_the_processes_parts_of_a_batch_are_together_the_clips_of_one_process(world: int) -> None:
    ranks = [SimpleNamespace(world_size=world, global_rank=r) for r in range(world)]
    for step in (0, 3):
        parts = [part(step, 8, rank) for rank in ranks]  # type: ignore[arg-type]
        assert {len(p) for p in parts} == {8 // world}
        assert [i for p in parts for i in p] == list(range(8 * step, 8 * step + 8))


def weights_of(out: Path) -> dict[str, torch.Tensor]:
    return weights.read(out / "checkpoint.safetensors")[0]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("alone")
    main(out, STEPS)
    return out


@pytest.mark.slow
@pytest.mark.parametrize("launcher", sorted(LAUNCHERS))
def test_two_processes_take_the_steps_of_one(tmp_path: Path, alone: Path, launcher: str) -> None:
    if launcher == "fabric run":
        pytest.importorskip("click", reason="`fabric run` needs click")
    command = [sys.executable, *LAUNCHERS[launcher], str(tmp_path), str(STEPS), "2"]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=ROOT, env=env, check=True, timeout=500)
    one, two = losses(alone), losses(tmp_path)
    assert list(two) == list(range(1, 2 * STEPS + 1))  # told once: by the first process
    assert two == pytest.approx(one, abs=1e-5)
    start = Network.build("gc", "mini", seed=0).state_dict()
    a, b = weights_of(alone), weights_of(tmp_path)
    assert a.keys() == b.keys()
    for name in a:
        torch.testing.assert_close(a[name], b[name], rtol=0, atol=1e-5, msg=name)
    moved, apart = (
        sum((x[f"network.{k}"] - y).square().sum().item() for k, y in base) ** 0.5
        for x, base in (
            (a, list(start.items())),
            (b, [(k, a[f"network.{k}"]) for k in start]),
        )
    )
    assert moved > 0.01  # a step that Adam takes from noise alone is as long as any other, but rare
    assert apart < 0.01 * moved


def no_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOCAL_WORLD_SIZE", "WORLD_SIZE", "NODE_RANK", "SLURM_JOB_ID", "LT_CLI_USED"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("device", "precision", "devices", "nodes", "message"),
    [
        ("cpu", "16", None, None, r"unknown precision '16'.*known: 32, bf16-mixed"),
        ("gpu", "32", None, None, r"unknown device 'gpu'"),
        ("cpu", "32", 3, None, r"3 processes cannot share 8 clips evenly"),
        ("cpu", "32", 1, 2, r"--nodes 2: start each node with torchrun --nnodes 2"),
    ],
)
def test_what_does_not_fit_is_refused(
    monkeypatch: pytest.MonkeyPatch,
    device: str,
    precision: str,
    devices: int | None,
    nodes: int | None,
    message: str,
) -> None:
    no_launcher(monkeypatch)
    with pytest.raises(UsageError, match=message):
        parallel.fabric(device, precision, devices, nodes, 8)


def test_one_numbered_gpu_is_not_several(monkeypatch: pytest.MonkeyPatch) -> None:
    no_launcher(monkeypatch)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(UsageError, match=r"cuda:1 is one device; for 2 processes give cuda"):
        parallel.fabric("cuda:1", "32", 2, None, 8)
    with pytest.raises(UsageError, match=r"--devices 4: this machine has 2 GPUs"):
        parallel.fabric("cuda", "32", 4, None, 8)


def test_a_launcher_says_how_many_processes_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    no_launcher(monkeypatch)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    monkeypatch.setenv("WORLD_SIZE", "6")
    assert parallel._processes(None, None) == (2, 3)
    assert parallel._processes(2, 3) == (2, 3)
    with pytest.raises(UsageError, match=r"--devices 4: the launcher started 2"):
        parallel._processes(4, None)
    with pytest.raises(UsageError, match=r"--nodes 1: the launcher started 3"):
        parallel._processes(None, 1)


def test_processes_that_read_different_checkpoints_do_not_start() -> None:
    class Other:
        def broadcast(self, step: int) -> int:
            return 200

    assert parallel.agreed(Other(), 200) == 200  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"of step 0, the first one of step 200: --out must be one"):
        parallel.agreed(Other(), 0)  # type: ignore[arg-type]


def test_bfloat16_reaches_the_network_and_leaves_its_weights_in_float32() -> None:
    fabric = parallel.fabric("cpu", "bf16-mixed", None, None, 8)
    layer = torch.nn.Linear(2, 2)
    seen = []
    layer.register_forward_hook(lambda m, i, o: seen.append(o.dtype))
    fabric.setup(layer)(torch.zeros(1, 2))
    assert seen == [torch.bfloat16]
    assert layer.weight.dtype == torch.float32
