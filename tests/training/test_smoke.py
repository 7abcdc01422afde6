import re
from pathlib import Path

import pytest
import torch

from vosbench.errors import PluginError
from vosbench.model import weights
from vosbench.training import smoke
from vosbench.training.main import Options, train


def test_a_smoke_training_lowers_the_loss_of_fixed_clips_by_more_than_chance(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, verdict = train(
        Options(method="gc", out=tmp_path, smoke=True, device="cpu", threads=1, workers=0)
    )
    numbers = re.fullmatch(
        r"gc learns: loss of 16 fixed clips (\S+) -> (\S+), fell by (\S+) ± (\S+) \(.*\)", verdict
    )
    assert numbers is not None
    before, after, fell, error = map(float, numbers.groups())
    assert fell == pytest.approx(before - after, abs=2e-3)
    assert fell > 5 * error > 0
    assert path == f"weights: {tmp_path / 'gc-mini.safetensors'}"
    _, facts = weights.read(tmp_path / "gc-mini.safetensors")
    assert (facts["start"], facts["recipe"]["stages"][0]["loss"]) == ("none", "hybrid")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert re.match(r"train 60/60  0:00:00 left  loss \S+  \S+ clips/s  \d+% waiting", lines[0])


def test_the_standard_error_is_that_of_the_paired_differences() -> None:
    before = torch.tensor([1.0, 2.0, 3.0, 4.0])
    fall = smoke.fall(before, before - torch.tensor([0.1, 0.3, 0.1, 0.3]))
    assert fall.before - fall.after == pytest.approx(0.2)
    assert fall.error == pytest.approx((0.04 / 3) ** 0.5 / 2)  # s = 0.1155, n = 4


@pytest.mark.parametrize("drop", [0.0, -0.5])
def test_a_loss_that_does_not_fall_is_a_method_that_does_not_learn(drop: float) -> None:
    torch.manual_seed(0)
    before = torch.rand(16)
    fall = smoke.fall(before, before - drop + 0.1 * torch.randn(16))
    with pytest.raises(PluginError, match=r"stm does not learn: loss of 16 fixed clips .* ±"):
        smoke.verdict("stm", fall)


def test_a_fall_within_the_noise_is_not_taken_for_learning() -> None:
    torch.manual_seed(1)
    each = 0.05 * torch.randn(16)
    fall = smoke.fall(torch.ones(16), torch.ones(16) - (each - each.mean() + 0.04))
    assert fall.before > fall.after
    assert not fall.sure
