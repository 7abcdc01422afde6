"""What a training step computes in which precision."""

from __future__ import annotations

import pytest
import torch

from vosbench.training.step import bfloat16


@pytest.mark.parametrize(
    ("capability", "dtype"), [("AVX2", torch.float32), ("AVX512", torch.bfloat16)]
)
def test_a_cpu_that_emulates_bfloat16_computes_in_float32(
    monkeypatch: pytest.MonkeyPatch, capability: str, dtype: torch.dtype
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    with bfloat16(torch.device("cpu")):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype
