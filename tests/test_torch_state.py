"""What a plugin sets in torch when it is imported holds for no other method."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.test_registry import GOOD, package
from vosbench import registry, torch_state

__all__ = ["package"]  # a fixture

HABITS = {
    "torch.set_float32_matmul_precision('high')": "float32 precision",
    "torch.backends.cuda.matmul.allow_tf32 = True": "float32 precision",
    "torch.backends.cudnn.allow_tf32 = False": "float32 precision",
    "torch.set_default_dtype(torch.float64)": "default dtype",
    "torch.set_default_device('meta')": "default device",
    "torch.set_default_device('cpu')": "default device",  # which slows every call of torch
    "torch.set_grad_enabled(False)": "grad mode",
    "torch.autograd.set_detect_anomaly(True)": "anomaly detection",
    "torch.set_num_threads(torch.get_num_threads() + 1)": "threads",
    "torch.use_deterministic_algorithms(True, warn_only=True)": "deterministic algorithms",
    "torch.backends.mkldnn.enabled = False": "backends.mkldnn.enabled",
    "torch.backends.cudnn.benchmark = True": "backends.cudnn.benchmark",
    "torch.backends.cuda.enable_flash_sdp(False)": "flash attention",
}


@pytest.mark.parametrize(("habit", "name"), HABITS.items())
def test_what_a_plugin_sets_in_torch_at_import_is_put_back_and_said(
    package: Path, habit: str, name: str
) -> None:
    (package / "sets.py").write_text(f"import torch\n{habit}\n{GOOD.format(name='sets')}")
    before = torch_state.now()
    wanted = rf"plugin {package.name}.sets sets torch's {name} when it is imported: put back"
    try:
        with pytest.warns(registry.PluginWarning, match=wanted) as seen:
            assert list(registry.methods()) == ["sets"]
        assert len(seen) == 1
        assert torch_state.now() == before
    finally:
        torch_state.put_back(before)


def test_a_plugin_that_fails_after_it_set_something_leaves_nothing_either(package: Path) -> None:
    text = "import torch\ntorch.set_default_dtype(torch.float16)\nraise RuntimeError('no')\n"
    (package / "__init__.py").write_text(text)
    with pytest.warns(registry.PluginWarning) as seen:
        assert registry.methods() == {}
    assert "sets torch's default dtype" in str(seen[0].message)
    assert torch.get_default_dtype() == torch.float32


@pytest.mark.skipif(not hasattr(torch.backends, "fp32_precision"), reason="since torch 2.9")
@pytest.mark.parametrize("part", ["", "mkldnn.matmul.", "cuda.matmul.", "cudnn.conv."])
def test_float32_precision_of_one_part_is_put_back_though_torch_cannot_name_the_mix(
    part: str,
) -> None:
    before = torch_state.now()
    exec(f"torch.backends.{part}fp32_precision = 'ieee'")
    assert torch_state.put_back(before) == ["float32 precision"]
    assert torch_state.now() == before
