from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.builders import make_davis
from tests.training.stills import write_stills
from vosbench.data import load
from vosbench.errors import DataError, UsageError
from vosbench.training.recipe import RECIPES, recipe
from vosbench.training.sources import labels, read, stills


def test_stills_pairs_images_and_masks_of_the_same_stem(tmp_path: Path) -> None:
    pairs = stills(write_stills(tmp_path))
    assert [(a.name, b.name) for a, b in pairs] == [(f"{i}.png",) * 2 for i in range(3)]


def test_stills_names_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere.*expected images/"):
        stills(tmp_path / "nowhere")


def test_stills_refuses_a_folder_without_masks(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    with pytest.raises(DataError, match="one folder of masks"):
        stills(tmp_path)


def test_stills_refuses_two_folders_that_could_be_the_masks(tmp_path: Path) -> None:
    (write_stills(tmp_path) / "edges").mkdir()
    with pytest.raises(DataError, match="one folder of masks"):
        stills(tmp_path)


def test_stills_names_an_image_without_a_mask(tmp_path: Path) -> None:
    (write_stills(tmp_path) / "masks" / "1.png").unlink()
    with pytest.raises(DataError, match=r"images/1\.png has no mask masks/1\.png"):
        stills(tmp_path)


def test_stills_refuses_a_folder_without_images(tmp_path: Path) -> None:
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    with pytest.raises(DataError, match=r"no \.jpg or \.png found"):
        stills(tmp_path)


def test_a_mask_of_another_size_is_refused_with_both_sizes(tmp_path: Path) -> None:
    pair = stills(write_stills(tmp_path))[0]
    Image.new("L", (7, 5)).save(pair[1])
    with pytest.raises(DataError, match=r"masks/0\.png is \(5, 7\), its frame \(40, 48\)"):
        read(pair)


@pytest.mark.parametrize("which", [0, 1])
def test_a_file_that_is_no_image_is_named(tmp_path: Path, which: int) -> None:
    pair = stills(write_stills(tmp_path))[2]
    pair[which].write_bytes(b"this is not a picture")
    with pytest.raises(DataError, match=r"(images|masks)/2\.png: cannot be decoded") as caught:
        read(pair)
    assert str(pair[which]) in str(caught.value)


@pytest.mark.parametrize("which", [0, 1])
def test_a_truncated_image_is_named(tmp_path: Path, which: int) -> None:
    pair = stills(write_stills(tmp_path))[0]
    pair[which].write_bytes(pair[which].read_bytes()[:-40])
    with pytest.raises(DataError, match="cannot be decoded") as caught:
        read(pair)
    assert str(pair[which]) in str(caught.value)


@pytest.mark.parametrize("which", [0, 1])
def test_a_png_with_damaged_bytes_is_a_data_error_or_is_read(tmp_path: Path, which: int) -> None:
    pair = stills(write_stills(tmp_path))[0]
    sound = pair[which].read_bytes()
    messages = []
    for at in range(0, len(sound), max(1, len(sound) // 60)):
        pair[which].write_bytes(sound[:at] + bytes([sound[at] ^ 255]) + sound[at + 1 :])
        try:
            read(pair)
        except DataError as error:
            messages.append(error.args[0])
    assert len(messages) > 10
    assert all(str(pair[which]) in message for message in messages)


def test_a_frame_is_read_as_rgb_in_zero_to_one_and_its_mask_as_zero_and_one(
    tmp_path: Path,
) -> None:
    pixels = np.array([[[255, 0, 51], [0, 255, 0]]], np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    Image.fromarray(np.array([[0, 255]], np.uint8)).save(tmp_path / "m.png")
    frame, mask = read((tmp_path / "a.png", tmp_path / "m.png"))
    assert frame[:, 0, 0].tolist() == pytest.approx([1, 0, 0.2])
    assert mask.tolist() == [[[0.0, 1.0]]]


def test_an_indexed_mask_marks_every_colour_but_black(tmp_path: Path) -> None:
    from vosbench.data.png import write_mask

    Image.new("RGB", (3, 1)).save(tmp_path / "a.png")
    write_mask(tmp_path / "m.png", np.array([[0, 1, 2]], np.uint8))
    assert read((tmp_path / "a.png", tmp_path / "m.png"))[1].tolist() == [[[0.0, 1.0, 1.0]]]


def test_a_grey_mask_that_holds_ids_is_refused_in_place_of_being_read_as_empty(
    tmp_path: Path,
) -> None:
    Image.new("RGB", (3, 1)).save(tmp_path / "a.png")
    Image.fromarray(np.array([[0, 1, 2]], np.uint8)).save(tmp_path / "m.png")
    with pytest.raises(DataError, match=r"m\.png: a grey mask with values up to 2; expected white"):
        read((tmp_path / "a.png", tmp_path / "m.png"))


def test_an_unknown_recipe_lists_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"unknown recipe 'mini2'.*did you mean mini"):
        recipe("mini2")


def test_the_paper_recipe_has_the_rates_and_epochs_of_the_paper() -> None:
    still, video = RECIPES["paper"].stages
    assert (still.rate, video.rate) == (1e-5, 1e-6)
    assert still.steps * RECIPES["paper"].batch == 100 * 15_000
    assert still.side == video.side == 384


def test_void_is_never_the_object_of_a_clip(tmp_path: Path) -> None:
    video = load(f"davis2017={make_davis(tmp_path, 'bear', ids=(1, 255))}").videos[0]
    assert labels(video, 1) == [1]
