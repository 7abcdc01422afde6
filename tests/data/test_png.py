from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from tests.data.builders import one_line
from tests.shared import SHARED, needs_shared
from vosbench.data.images import read_mask
from vosbench.data.png import PALETTE, write_mask
from vosbench.errors import DataError


def test_the_palette_begins_as_the_pascal_voc_classes_are_coloured() -> None:
    assert PALETTE[:9] == (
        (0, 0, 0),
        (128, 0, 0),
        (0, 128, 0),
        (128, 128, 0),
        (0, 0, 128),
        (128, 0, 128),
        (0, 128, 128),
        (128, 128, 128),
        (64, 0, 0),
    )


def test_the_palette_has_a_colour_of_its_own_for_each_id() -> None:
    assert len(set(PALETTE)) == 256
    assert PALETTE[255] == (224, 224, 192)


@needs_shared
def test_the_palette_is_that_of_a_davis_file() -> None:
    files = list((SHARED / "reference" / "jf").glob("**/*.png"))
    palettes = [Image.open(path).getpalette() for path in files[:40]]
    known = [palette for palette in palettes if palette and len(palette) >= 9]
    flat = [channel for colour in PALETTE for channel in colour]
    assert any(palette == flat[: len(palette)] for palette in known)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids=arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_a_mask_comes_back_as_it_was_written(tmp_path: Path, ids: np.ndarray) -> None:
    write_mask(tmp_path / "new" / "m.png", ids)
    np.testing.assert_array_equal(read_mask(tmp_path / "new" / "m.png"), ids)


def test_the_file_is_an_indexed_png_with_the_palette(tmp_path: Path) -> None:
    write_mask(tmp_path / "m.png", np.array([[0, 1, 255]], dtype=np.uint8))
    with Image.open(tmp_path / "m.png") as image:
        assert image.mode == "P"
        assert image.getpalette() == [channel for colour in PALETTE for channel in colour]


def test_a_mask_that_is_no_view_of_whole_memory_is_written_right(tmp_path: Path) -> None:
    ids = np.arange(60, dtype=np.uint8).reshape(6, 10)[::2, 1::3]
    write_mask(tmp_path / "m.png", ids)
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png"), ids)


def test_a_write_that_fails_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.png"
    write_mask(path, np.ones((2, 2), dtype=np.uint8))

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", fail)
    with one_line(DataError, path, "No space left"):
        write_mask(path, np.zeros((2, 2), dtype=np.uint8))
    assert [file.name for file in tmp_path.iterdir()] == ["m.png"]
    assert read_mask(path).tolist() == [[1, 1], [1, 1]]


def test_a_folder_that_is_a_file_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with one_line(DataError, tmp_path / "taken" / "m.png", "cannot write"):
        write_mask(tmp_path / "taken" / "m.png", np.zeros((2, 2), dtype=np.uint8))


@pytest.mark.parametrize(
    ("ids", "error"),
    [
        (np.zeros((2, 2), dtype=np.int64), TypeError),
        (np.zeros((2, 2, 3), dtype=np.uint8), ValueError),
    ],
)
def test_what_is_no_mask_is_a_programming_error(
    tmp_path: Path, ids: np.ndarray, error: type[Exception]
) -> None:
    with pytest.raises(error):
        write_mask(tmp_path / "m.png", ids)
