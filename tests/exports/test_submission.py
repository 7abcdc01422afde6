import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.builders import one_line, save_frame, save_mask
from vosbench.data.png import PALETTE, write_mask
from vosbench.errors import DataError, UsageError
from vosbench.exports import LAYOUTS, archive, export
from vosbench.results import Cell, Store

SIZE = (12, 16)
NAMES = ("bear", "a cow")
STAMP = {"vosbench": "test"}


def masks(seed: int, ids: tuple[int, ...] = (0, 1, 2), size: tuple[int, int] = SIZE):
    rng = np.random.default_rng(seed)
    return [rng.choice(np.array(ids, np.uint8), size) for _ in range(3)]


def cell_of(dataset: str, sequence: str, **fields) -> Cell:
    known = {"method": "gc", "objects": 2, "size": "12x16", **fields}
    return Cell(harness="accuracy", dataset=dataset, sequence=sequence, **known)


def fill(store: Path, dataset: str, names: tuple[str, ...] = NAMES, **fields) -> list[Cell]:
    cells = [cell_of(dataset, name, **fields) for name in names]
    for seed, cell in enumerate(cells):
        for t, ids in enumerate(masks(seed)):
            write_mask(store / "predictions" / cell.folder / f"{t:05d}.png", ids)
        Store(store, STAMP).append(cell, [])
    return cells


def data_set(root: Path, names: tuple[str, ...] = NAMES, frames: int = 3, ids=(1, 2)) -> Path:
    for name in names:
        for t in range(frames):
            save_frame(root / "JPEGImages" / name / f"{t:05d}.jpg", SIZE)
        save_mask(root / "Annotations" / name / "00000.png", *ids, size=SIZE)
    return root


def names_in(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        return file.namelist()


@pytest.mark.parametrize(
    ("target", "top"),
    [("davis2017", ""), ("youtube-vos", "Annotations/"), ("mose", "Annotations/")],
)
def test_the_zip_holds_every_mask_in_the_server_s_layout(
    tmp_path: Path, target: str, top: str
) -> None:
    fill(tmp_path, target)
    done = export(target, tmp_path, "gc", tmp_path / "out" / "x.zip")
    assert names_in(done.path) == [
        f"{top}{name}/0000{t}.png" for name in sorted(NAMES) for t in range(3)
    ]
    assert (done.sequences, done.frames, done.complete) == (2, 6, False)
    with zipfile.ZipFile(done.path) as file:
        for seed, name in enumerate(NAMES):
            for t, ids in enumerate(masks(seed)):
                image = Image.open(io.BytesIO(file.read(f"{top}{name}/0000{t}.png")))
                assert (image.format, image.mode, image.size) == ("PNG", "P", SIZE[::-1])
                np.testing.assert_array_equal(np.array(image), ids)
                found = image.getpalette()
                assert found == [c for colour in LAYOUTS[target].palette for c in colour]


def test_the_palettes_are_those_of_the_data_sets_own_masks() -> None:
    # The first colours of an annotation of each set, as published.
    assert LAYOUTS["davis2017"].palette[:3] == ((0, 0, 0), (128, 0, 0), (0, 128, 0))
    assert LAYOUTS["mose"].palette == PALETTE
    youtube = LAYOUTS["youtube-vos"].palette
    assert [bytes(colour).hex() for colour in youtube[:4]] == [
        "000000",
        "ec5f67",
        "f99157",
        "fac863",
    ]
    assert (youtube[10], youtube[11], youtube[255]) == ((101, 115, 126), (11, 11, 11), (255,) * 3)
    assert {len(layout.palette) for layout in LAYOUTS.values()} == {256}


def test_equal_masks_give_equal_bytes(tmp_path: Path) -> None:
    digests = set()
    for name, order in (("a", NAMES), ("b", NAMES[::-1])):
        fill(tmp_path / name, "mose")
        for cell in [cell_of("mose", sequence) for sequence in order]:
            Store(tmp_path / name, STAMP).append(cell, [])  # measured again, in another order
        done = export("mose", tmp_path / name, "gc", tmp_path / f"{name}.zip")
        digests.add(hashlib.sha256(done.path.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_the_data_set_says_which_frames_have_to_be_there(tmp_path: Path) -> None:
    cells = fill(tmp_path, "mose", (*NAMES, "of another run"))
    data = f"mose={data_set(tmp_path / 'data')}"
    done = export("mose", tmp_path, "gc", tmp_path / "x.zip", data)
    assert (done.sequences, done.frames, done.complete) == (2, 6, True)
    gone = tmp_path / "predictions" / cells[0].folder / "00002.png"
    gone.unlink()
    with one_line(DataError, gone, "mask missing", "bear"):
        export("mose", tmp_path, "gc", tmp_path / "y.zip", data)
    assert not list(tmp_path.glob("*y.zip*"))


def test_a_sequence_that_is_not_there_is_named(tmp_path: Path) -> None:
    fill(tmp_path, "mose", ("bear",))
    data = f"mose={data_set(tmp_path / 'data')}"
    with one_line(DataError, tmp_path, "sequence a cow is missing"):
        export("mose", tmp_path, "gc", tmp_path / "x.zip", data)
    split = tmp_path / "split.txt"
    split.write_text("bear\n")
    assert export("mose", tmp_path, "gc", tmp_path / "x.zip", data, split).sequences == 1


def test_a_sequence_whose_folder_is_gone_is_named(tmp_path: Path) -> None:
    cells = fill(tmp_path, "mose")
    folder = tmp_path / "predictions" / cells[1].folder
    folder.rename(tmp_path / "elsewhere")
    with one_line(DataError, folder, "sequence missing"):
        export("mose", tmp_path, "gc", tmp_path / "x.zip")


def test_a_sequence_that_failed_is_named(tmp_path: Path) -> None:
    fill(tmp_path, "mose")
    Store(tmp_path, STAMP).append_failure(cell_of("mose", "cat"), "it broke")
    with one_line(DataError, "sequence cat failed"):
        export("mose", tmp_path, "gc", tmp_path / "x.zip")


def test_one_of_several_runs_is_chosen_by_its_folder(tmp_path: Path) -> None:
    runs = [fill(tmp_path, "mose", seed=seed)[0].folder.split("/")[1] for seed in (0, 1)]
    with one_line(UsageError, "2 runs", *runs):
        export("mose", tmp_path, "gc", tmp_path / "x.zip")
    assert export("mose", tmp_path, runs[1], tmp_path / "x.zip").frames == 6


def test_masks_of_another_size_or_with_unknown_ids_are_refused(tmp_path: Path) -> None:
    cells = fill(tmp_path, "mose")
    data = f"mose={data_set(tmp_path / 'data', ids=(1, 2))}"
    odd = tmp_path / "predictions" / cells[0].folder / "00001.png"
    write_mask(odd, masks(0, (0, 7))[0])
    with one_line(DataError, odd, "object 7", "1, 2"):
        export("mose", tmp_path, "gc", tmp_path / "x.zip", data)
    with one_line(DataError, odd, "3 objects"):
        export("mose", tmp_path, "gc", tmp_path / "x.zip")
    write_mask(odd, masks(0, size=(24, 32))[0])
    for given in ("", data):
        with one_line(DataError, odd, "24x32", "12x16"):
            export("mose", tmp_path, "gc", tmp_path / "x.zip", given)
    odd.write_bytes(odd.read_bytes()[:60])
    with one_line(DataError, odd, "cannot be decoded"):
        export("mose", tmp_path, "gc", tmp_path / "x.zip")


def test_a_zip_that_does_not_read_back_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, "mose")
    out = tmp_path / "x.zip"
    out.write_bytes(b"an older one")
    right = archive._png
    monkeypatch.setattr(archive, "_png", lambda ids, layout: right(ids[::-1].copy(), layout))
    with one_line(DataError, "differ"):
        export("mose", tmp_path, "gc", out)
    monkeypatch.setattr(archive, "_png", lambda ids, _: right(ids, LAYOUTS["youtube-vos"]))
    with one_line(DataError, "palette"):
        export("mose", tmp_path, "gc", out)
    assert out.read_bytes() == b"an older one"
    assert not list(tmp_path.glob("*.part"))


def test_two_hundred_objects_are_handed_in(tmp_path: Path) -> None:
    cell = cell_of("davis2017", "crowd", objects=200)
    ids = np.arange(201, dtype=np.uint8)[:, None].repeat(5, axis=1)
    write_mask(tmp_path / "predictions" / cell.folder / "00000.png", ids)
    Store(tmp_path, STAMP).append(cell, [])
    done = export("davis2017", tmp_path, "gc", tmp_path / "x.zip")
    with zipfile.ZipFile(done.path) as file, file.open("crowd/00000.png") as mask:
        np.testing.assert_array_equal(np.array(Image.open(mask)), ids)


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    out = tmp_path / "x.zip"
    with one_line(DataError, tmp_path / "none", "mose"):
        export("mose", tmp_path / "none", "gc", out)
    fill(tmp_path, "mose")
    with one_line(UsageError, "davis2016", "davis2017"):
        export("davis2016", tmp_path, "gc", out)
    with one_line(UsageError, "unknown method", "gcc", "gc"):
        export("mose", tmp_path, "gcc", out)
    with one_line(UsageError, "davis2017=x", "mose=PATH"):
        export("mose", tmp_path, "gc", out, "davis2017=x")
    with one_line(UsageError, "--split", "--data"):
        export("mose", tmp_path, "gc", out, split=Path("a"))
    with one_line(DataError, "--out", tmp_path / "records.jsonl"):
        export("mose", tmp_path, "gc", tmp_path / "records.jsonl" / "x.zip")
    with one_line(DataError, "--out"):
        export("mose", tmp_path, "gc", tmp_path / "predictions")


def test_the_verb_prints_what_it_wrote_or_one_line(tmp_path: Path) -> None:
    fill(tmp_path, "mose")
    command = [sys.executable, "-m", "vosbench", "export", "mose", str(tmp_path)]
    done = subprocess.run(
        [*command, "--method", "gc", "--out", str(tmp_path / "x.zip")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 sequences, 6 masks" in done.stdout
    done = subprocess.run(
        [*command, "--method", "stm", "--out", str(tmp_path / "x.zip")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
