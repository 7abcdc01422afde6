"""The weights that the package carries: each loads, is small, and stands in the model card."""

from __future__ import annotations

from pathlib import Path

import pytest

from vosbench.model import weights
from vosbench.model.network import Network

FOLDER = Path(weights.__file__).parents[1] / "weights"
FILES = sorted(FOLDER.glob("*.safetensors"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_shipped_weights_load_into_their_method_and_stand_in_the_model_card(path: Path) -> None:
    _, facts = weights.read(path)
    method, preset = facts["method"], facts["preset"]
    assert weights.shipped(method, preset) == path
    digest = weights.load(Network.build(method, preset, seed=0), path, method=method, preset=preset)
    card = (FOLDER / "README.md").read_text("utf-8")
    (line,) = [line for line in card.splitlines() if f"| `{path.name}` |" in line]
    assert f"| {digest} |" in line
    assert path.stat().st_size <= 5_000_000


def test_all_shipped_weights_together_stay_below_40_mb() -> None:
    assert len(FILES) >= 2
    assert sum(path.stat().st_size for path in FILES) < 40_000_000
