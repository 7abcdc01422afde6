"""Whole runs at the smallest sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vosbench import registry
from vosbench.errors import UsageError
from vosbench.harness.run import bench
from vosbench.harness.settings import Settings
from vosbench.memory import Cost, Frame, Growth, Memory
from vosbench.results import Store

DATA = "synthetic:length=4,size=48x64,scenario=drift"


class Ticks:
    """Progress that counts."""

    def __init__(self) -> None:
        self.promised = self.done = 0

    def begin(self, title: str, steps: int) -> None:
        assert title
        self.promised += steps

    def tick(self) -> None:
        self.done += 1


class BrokenMemory(Memory):
    """Writes, and fails at every read."""

    growth = Growth.CONSTANT
    paper = "none"

    def write(self, state: object, frame: Frame) -> Frame:
        return frame

    def read(self, state: object, query: torch.Tensor) -> tuple[torch.Tensor, object]:
        raise RuntimeError("this memory\nforgot everything")

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        return Cost(0, 0, 0, 0)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def broken() -> Iterator[str]:
    registry.methods()
    registry.register("broken")(BrokenMemory)
    yield "broken"
    del registry._modules["broken"]


def settings(store: Path, **changed: object) -> Settings:
    plain = Settings(
        methods=("gc", "stm"), data=(DATA,), harnesses=("accuracy",), weights="none",
        short_side=48, store=store,
    )  # fmt: skip
    return replace(plain, **changed)  # type: ignore[arg-type]


def test_accuracy_writes_cells_and_pictures_and_a_second_run_measures_nothing(
    tmp_path: Path,
) -> None:
    ticks = Ticks()
    summary = bench(settings(tmp_path), ticks)
    assert (summary.measured, summary.present, summary.failed) == (2, 0, [])
    assert ticks.done == ticks.promised == 2 * 4

    store = Store(tmp_path)
    cells = store.cells()
    assert [c.method for c in cells] == ["gc", "stm"]
    assert {(c.harness, c.size, c.weights) for c in cells} == {("accuracy", "48x64", "untrained")}
    frame = store.frame()
    assert set(frame["metric"]) == {"J", "F", "swap_pixels"}
    quality = frame[frame["metric"].isin(["J", "F"])]["value"]
    assert quality.between(0, 1).all()

    for cell in cells:
        folder = tmp_path / "predictions" / cell.dataset / cell.method / cell.sequence
        names = sorted(p.name for p in folder.iterdir())
        assert names == [f"{t:05}.png" for t in range(4)]
        ids = np.asarray(Image.open(folder / "00003.png"))
        assert ids.shape == (48, 64)
        assert ids.max() <= cell.objects

    before = (tmp_path / "records.jsonl").read_bytes()
    again = bench(settings(tmp_path), Ticks())
    assert (again.measured, again.present, again.failed) == (0, 2, [])
    assert (tmp_path / "records.jsonl").read_bytes() == before


def test_a_method_that_raises_costs_only_its_own_cells(tmp_path: Path, broken: str) -> None:
    summary = bench(settings(tmp_path, methods=(broken, "gc")), Ticks())
    assert summary.measured == 1
    assert len(summary.failed) == 1
    assert summary.failed[0].startswith("broken accuracy")
    assert summary.failed[0].endswith("RuntimeError: this memory forgot everything")
    failures = Store(tmp_path).failures()
    assert failures["method"].tolist() == ["broken"]
    assert failures["error"].tolist() == ["RuntimeError: this memory forgot everything"]
    assert [c.method for c in Store(tmp_path).cells()] == ["gc"]


def test_a_failed_cell_is_tried_again_by_the_next_run(tmp_path: Path, broken: str) -> None:
    few = settings(tmp_path, methods=(broken,))
    bench(few, Ticks())
    again = bench(few, Ticks())
    assert (again.measured, again.present, len(again.failed)) == (0, 0, 1)


def test_speed_and_growth_write_their_cells_and_survive_a_method_that_raises(
    tmp_path: Path, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vosbench.harness import run, speed

    monkeypatch.setattr(run, "FRAMES", (1, 2))
    monkeypatch.setattr(speed, "STEPS", 3)
    monkeypatch.setattr(speed, "WARM_UP", 2)
    monkeypatch.setattr(speed, "ROUNDS", 1)
    both = settings(tmp_path, methods=("gc", broken), harnesses=("growth", "speed"))
    summary = bench(both, Ticks())
    # gc: measured and analytic growth, speed; broken: analytic growth alone
    assert summary.measured == 4
    assert len(summary.failed) == 2
    assert all("broken" in line for line in summary.failed)
    frame = Store(tmp_path).frame()
    seconds = frame[frame["metric"] == "frame_seconds"]
    assert seconds["t"].tolist() == [1, 2]
    assert (seconds["value"] > 0).all()
    assert bench(both, Ticks()).present == 4


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"harnesses": ("acuracy",)}, r"unknown harness 'acuracy': did you mean accuracy"),
        ({"methods": ()}, "no method given"),
        ({"methods": ("gc", "stn")}, r"unknown method 'stn': did you mean stm"),
        ({"data": ("synthetik",)}, "synthetic"),
    ],
)
def test_mistakes_are_refused_before_anything_is_run(
    tmp_path: Path, changed: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        bench(settings(tmp_path / "store", **changed), Ticks())
    assert not (tmp_path / "store").exists()
