"""Heat maps of key channels, against keys computed here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.harness.small import settings
from vosbench.data import load
from vosbench.harness.key_maps import key_of_first_frame, most_active, write_key_maps
from vosbench.harness.strips import GAP, HEIGHT
from vosbench.harness.subject import Subject, prepare


@pytest.fixture(scope="module")
def gc(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return prepare("gc", settings(tmp_path_factory.mktemp("keys")))


def test_the_most_active_channels_are_those_of_greatest_variance() -> None:
    key = torch.randn(32, 5, 7, generator=torch.Generator().manual_seed(3))
    key *= torch.arange(32).view(-1, 1, 1)  # the spread grows with the channel
    key += 1000 * torch.arange(32, 0, -1).view(-1, 1, 1)  # and the mean falls: of no matter
    by_numpy = np.argsort(-key.numpy().reshape(32, -1).std(axis=1))[:6]
    assert most_active(key).tolist() == by_numpy.tolist()


def test_the_key_is_what_the_memory_is_offered_of_the_first_frame(gc: Subject) -> None:
    (video,) = load("synthetic:length=4,size=48x64,scenario=drift").videos
    key, fit = key_of_first_frame(gc, video)
    assert key.shape == (64, 3, 4)  # the preset's key, at stride 16
    assert fit.padded == (48, 64)
    offered = []
    memory, kept = gc.network.memory, gc.network.memory.write
    memory.write = lambda state, item: offered.append(item) or kept(state, item)
    try:
        gc.segmenter().step(video.frame(0), video.given(0))
    finally:
        del memory.write
    torch.testing.assert_close(key, offered[0].key[0])


def test_six_maps_lie_side_by_side_over_the_grey_frame(gc: Subject, tmp_path: Path) -> None:
    (video,) = load("synthetic:length=4,size=48x64,scenario=drift").videos
    write_key_maps(tmp_path / "keys.webp", gc, video)
    with Image.open(tmp_path / "keys.webp") as opened:
        sheet = np.asarray(opened.convert("RGB")).astype(float)
    width = HEIGHT * 64 // 48
    assert sheet.shape == (HEIGHT, 6 * (width + GAP) - GAP, 3)
    key, _ = key_of_first_frame(gc, video)
    for x, channel in enumerate(most_active(key).tolist()):
        heat = key[channel].numpy()
        here = sheet[:, x * (width + GAP) :][:, :width].sum(axis=2)
        cells = here.reshape(3, 40, 4, 40).mean(axis=(1, 3))  # brightness of each key location
        high = np.unravel_index(heat.argmax(), heat.shape)
        low = np.unravel_index(heat.argmin(), heat.shape)
        assert cells[high] > cells[low]


def test_keys_of_the_query_encoder_are_not_shown(tmp_path: Path) -> None:
    (video,) = load("synthetic:length=4,size=48x64,scenario=drift").videos
    write_key_maps(tmp_path / "keys.webp", prepare("stcn", settings(tmp_path)), video)
    assert not list(tmp_path.glob("*.webp"))
