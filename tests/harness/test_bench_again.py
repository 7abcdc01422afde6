"""What a run measures again, and what it finds in the store."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.data.builders import make_davis, save_frame, save_mask
from tests.harness import faults
from tests.harness.here import Here
from tests.harness.small import DATA, Ticks, settings
from vosbench.data import load
from vosbench.data.fingerprint import fingerprint
from vosbench.harness.run import bench
from vosbench.results import Store


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def test_another_clip_of_the_same_name_and_size_is_measured_anew(tmp_path: Path) -> None:
    for folder, shade in (("a", 90), ("b", 91)):
        for t in range(2):
            save_frame(tmp_path / folder / "clip" / f"{t}.jpg", (32, 48), shade)
        save_mask(tmp_path / folder / "clip" / "mask.png", 1, size=(32, 48))
    first, other = (settings(tmp_path, data=(f"folder={tmp_path / x / 'clip'}",)) for x in "ab")
    assert [bench(s, Ticks(), Here).measured for s in (first, first, other)] == [2, 0, 2]


def test_a_frame_or_mask_that_changed_in_the_middle_is_measured_anew(tmp_path: Path) -> None:
    root = make_davis(tmp_path / "set", "bear")
    given = settings(tmp_path, methods=("gc",), data=(f"davis2017={root}",))
    mask = root / "Annotations/480p/bear/00001.png"
    assert bench(given, Ticks(), Here).measured == 1
    before = mask.stat().st_size
    save_mask(mask, 2)
    assert mask.stat().st_size == before
    assert bench(given, Ticks(), Here).measured == 1
    noise = np.arange(576).astype(np.uint8).reshape(12, 16, 3)
    Image.fromarray(noise).save(root / "JPEGImages/480p/bear/00001.jpg")
    assert [bench(given, Ticks(), Here).measured for _ in range(2)] == [1, 0]


def test_a_later_start_of_an_object_is_other_data(tmp_path: Path) -> None:
    found = set()
    for start in (5, 10):
        objects = {1: {"frames": ["00000"]}, 2: {"frames": [f"{start:05d}"]}}
        for t in range(12):
            save_frame(tmp_path / "JPEGImages" / "clip" / f"{t:05d}.jpg")
        for t in (0, 5, 10, 11):
            save_mask(tmp_path / "Annotations" / "clip" / f"{t:05d}.png", 1, *[2] * (t > 0))
        (tmp_path / "meta.json").write_text(json.dumps({"videos": {"clip": {"objects": objects}}}))
        found.add(fingerprint(load(f"youtube-vos={tmp_path}").videos[0]))
    assert len(found) == 2


def test_a_film_asked_for_later_is_made_then(tmp_path: Path) -> None:
    plain = settings(tmp_path)
    filmed = replace(plain, film=True)
    assert [bench(s, Ticks(), Here).measured for s in (plain, filmed, filmed)] == [2, 2, 0]


def test_a_method_named_twice_is_measured_once(tmp_path: Path) -> None:
    twice = settings(tmp_path, methods=("gc", "gc", "gc:key_dim=64"), data=(DATA, DATA))
    summary = bench(twice, Ticks(), Here)
    assert (summary.measured, summary.present) == (1, 1)


def test_cells_of_a_method_whose_code_changed_are_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = faults.module("good", "return state.value, state")
    package = faults.install(tmp_path / "site", monkeypatch, {"good": good})
    few = settings(tmp_path, methods=("gc", "good"))
    assert bench(few, Ticks(), Here).measured == 2
    first = Store(tmp_path / "store").frame()
    assert bench(few, Ticks(), Here).present == 2
    (package / "good.py").write_text(good + "\n# changed\n")
    summary = bench(few, Ticks(), Here)
    assert (summary.measured, summary.present) == (1, 1)
    store = Store(tmp_path / "store")
    assert sorted(c.method for c in store.cells()) == ["gc", "good"]
    digests = [set(frame.source[frame.method == "good"]) for frame in (first, store.frame())]
    assert digests[0] != digests[1]


def test_a_growth_that_ended_for_want_of_memory_is_measured_again_until_it_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = tmp_path / "more"
    body = f"""
        if not os.path.exists({str(room)!r}): raise MemoryError
        return torch.zeros(1, self.value_dim, *query.shape[2:]), state"""
    faults.install(tmp_path / "site", monkeypatch, {"large": faults.module("large", body)})
    given = settings(tmp_path, methods=("large",), harnesses=("growth",), growth_t=2)
    assert bench(given, Ticks(), Here).measured == 2
    assert (Store(given.store).frame().metric == "ends_because:out of memory").any()
    room.touch()
    again = bench(given, Ticks(), Here)
    assert (again.measured, again.present) == (1, 1)
    assert not Store(given.store).frame().metric.str.startswith("ends").any()
    assert bench(given, Ticks(), Here).present == 2
