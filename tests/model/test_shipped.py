"""The weights that the package carries: each loads, is small, and stands in the model card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vosbench.data import load
from vosbench.model import weights
from vosbench.model.network import Network
from vosbench.model.segmenter import Segmenter

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


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_shipped_weights_follow_the_object_that_was_given(path: Path) -> None:
    """A network that does not look at its memory finds the same things whatever was asked for."""
    _, facts = weights.read(path)
    network = Network.build(facts["method"], facts["preset"], seed=0)
    weights.load(network, path, method=facts["method"], preset=facts["preset"])
    (video,) = load("synthetic:scenario=drift,length=4").videos
    segmenter = Segmenter(network, short_side=240)
    for t in range(4):
        ids = segmenter.step(video.frame(t), video.given(t))
    truth, (one, two) = np.asarray(video.truth(3)), video.objects

    def overlap(predicted: int, true: int) -> float:
        p, g = ids == predicted, truth == true
        return float((p & g).sum() / (p | g).sum())

    assert overlap(one, one) > 0.5 > overlap(one, two)
    assert overlap(two, two) > 0.5 > overlap(two, one)


def test_all_shipped_weights_together_stay_below_40_mb() -> None:
    assert len(FILES) >= 2
    assert sum(path.stat().st_size for path in FILES) < 40_000_000
