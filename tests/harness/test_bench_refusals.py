"""What a bench refuses before it measures anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.builders import one_line, save_frame, save_mask
from tests.harness.here import Here
from tests.harness.small import Ticks, settings
from vosbench.errors import DataError, UsageError
from vosbench.harness.run import bench
from vosbench.results import Store


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"harnesses": ("acuracy",)}, r"unknown harness 'acuracy': did you mean accuracy"),
        ({"methods": ()}, "no method given"),
        ({"methods": ("gc", "stn")}, r"unknown method 'stn': did you mean stcn or stm"),
        ({"data": ("synthetik",)}, "synthetic"),
    ],
)
def test_mistakes_are_refused_before_anything_is_run(
    tmp_path: Path, changed: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        bench(settings(tmp_path, **changed), Ticks())
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("width", [48, 64])
def test_two_different_videos_of_one_name_are_refused_before_anything_is_run(
    tmp_path: Path, width: int
) -> None:
    for camera, shade, size in (("cam1", 90, (32, 48)), ("cam2", 91, (32, width))):
        save_frame(tmp_path / camera / "clip" / "0.jpg", size, shade)
        save_mask(tmp_path / camera / "clip" / "mask.png", 1, size=size)
    given = settings(tmp_path, data=[f"folder={tmp_path / c / 'clip'}" for c in ("cam1", "cam2")])
    with one_line(UsageError, *given.data, "different videos of folder are named clip", "rename"):
        bench(given, Ticks(), Here)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("executor", [Here, None])
def test_a_parameter_that_a_method_refuses_ends_the_run_before_anything_is_measured(
    tmp_path: Path, executor: type[Here] | None
) -> None:
    wrong = settings(tmp_path, methods=("gc:key_dim=0",), out=tmp_path / "report" / "page")
    with pytest.raises(UsageError, match="expected positive whole numbers"):
        bench(wrong, Ticks(), *filter(None, [executor]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["store", "out"])
def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_run(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").write_text("")
    given = {name: tmp_path / "file" / "folder"}
    with pytest.raises(DataError, match=rf"--{name} .*file/folder cannot be written"):
        bench(settings(tmp_path, **given), Ticks(), Here)


def test_a_second_run_on_a_store_in_use_is_refused(tmp_path: Path) -> None:
    with (
        Store(tmp_path / "store").claimed(),
        pytest.raises(DataError, match="in use by another run"),
    ):
        bench(settings(tmp_path), Ticks(), Here)
    assert bench(settings(tmp_path, methods=("gc",)), Ticks(), Here).measured == 1
