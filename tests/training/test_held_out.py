import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from tests.data.builders import make_davis, save_frame
from tests.training.sets import ArrayVideo, videos
from vosbench.data import Dataset, load
from vosbench.data.png import write_mask
from vosbench.errors import DataError, UsageError
from vosbench.harness import accuracy
from vosbench.harness.settings import Settings
from vosbench.harness.subject import prepare
from vosbench.metrics import Truth
from vosbench.model.network import Network
from vosbench.training.held_out import CSV, HeldOut, check, read

DATA = load("synthetic:length=4,size=64x96,scenario=occlusion+drift")


@pytest.fixture
def held(tmp_path: Path) -> HeldOut:
    torch.set_num_threads(1)
    return HeldOut("gc", "mini", DATA, 10, tmp_path, Fabric(accelerator="cpu", devices=1))


def test_j_is_what_the_accuracy_harness_measures_with_the_same_weights(
    held: HeldOut, tmp_path: Path
) -> None:
    network = Network.build("gc", "mini", seed=4).train()
    J = held.measure(10, network)
    assert network.training
    subject = prepare("gc", Settings(methods=("gc",), weights="none", seed=4))
    each = []
    for video in DATA.videos:
        masks = accuracy.segment(subject, video, tmp_path / "again", lambda: None)
        truth = Truth({t: np.asarray(video.truth(t)) for t in video.annotated}, DATA.protocol)
        each += [float(o.J.mean()) for o in truth.score(masks).objects.values()]
    assert len(each) > len(DATA.videos)  # several objects, each of which weighs the same
    assert pytest.approx(float(np.mean(each))) == J


def test_a_perfect_segmenter_has_j_one_and_its_masks_lie_in_the_runs_folder(
    held: HeldOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    def perfect(subject: object, video: ArrayVideo, folder: Path, tick: object) -> object:
        for t in range(len(video)):
            write_mask(folder / f"{t:05d}.png", np.asarray(video.truth(t)))
        return {t: video.truth(t) for t in range(len(video))}

    monkeypatch.setattr(accuracy, "segment", perfect)
    assert held.measure(10, Network.build("gc")) == 1.0
    assert (held.out / "held_out" / DATA.name / "drift" / "00003.png").is_file()
    rows = read(held.out / CSV)
    assert [(r["step"], r["sequence"], r["J"]) for r in rows] == [
        ("10", "occlusion", "1.000000"),
        ("10", "drift", "1.000000"),
        ("10", "all", "1.000000"),
    ]
    assert int(rows[2]["objects"]) == int(rows[0]["objects"]) + int(rows[1]["objects"])


def steps(path: Path) -> list[int]:
    with path.open() as file:
        return [int(row["step"]) for row in csv.DictReader(file) if row["sequence"] == "all"]


def test_the_table_survives_a_resume_and_forgets_what_is_done_again(held: HeldOut) -> None:
    for step in (10, 20, 30):
        held._write(step, [("all", 1, step / 100)])
    assert steps(held.out / CSV) == [10, 20, 30]
    again = replace(held)
    again._write(20, [("all", 1, 0.9)])  # killed after 30, resumed from a checkpoint before 20
    assert steps(held.out / CSV) == [10, 20]
    assert [r["J"] for r in read(held.out / CSV)] == ["0.100000", "0.900000"]


def test_it_is_due_every_so_many_steps_and_after_the_last(held: HeldOut) -> None:
    assert [s for s in range(1, 36) if held.due(s, 35)] == [10, 20, 30, 35]


@pytest.mark.parametrize("content", ["step,J\n1,2\n", "", "\x00\n", 'step,dataset,"'])
def test_a_damaged_table_is_named(held: HeldOut, content: str) -> None:
    (held.out / CSV).write_text(content)
    with pytest.raises(DataError, match=r"held_out\.csv is damaged.*move it away"):
        read(held.out / CSV)


def test_a_sequence_that_is_trained_on_is_refused() -> None:
    ours = videos()
    same = Dataset(ours[0].dataset, (ours[1],), "youtube-vos", "")
    with pytest.raises(UsageError, match=r"--held-out x: drift is trained on as well"):
        check(same, "x", [ours])
    check(same, "x", [ours[:1]])


def test_the_same_files_under_another_data_set_are_trained_on_as_well(tmp_path: Path) -> None:
    make_davis(tmp_path, "bear", "dog")
    trained = [list(load(f"davis2017={tmp_path}").videos)]
    same = load(f"davis2016={tmp_path}")
    with pytest.raises(UsageError, match="bear is trained on as well"):
        check(same, "x", trained)
    check(Dataset("davis2016", same.videos[:1], "davis2016", ""), "x", [trained[0][1:]])
    save_frame(make_davis(tmp_path / "b", "bear") / "JPEGImages/480p/bear/00000.jpg", value=30)
    check(load(f"davis2016={tmp_path / 'b'}"), "x", trained)  # another bear


def test_a_built_in_sequence_that_is_longer_is_the_same_one() -> None:
    def drift(options: str) -> Dataset:
        return load(f"synthetic:size=48x64,scenario=drift,{options}")

    trained = [list(drift("length=5").videos)]
    with pytest.raises(UsageError, match="drift is trained on as well"):
        check(drift("length=6"), "x", trained)
    check(drift("length=6,seed=1"), "x", trained)


@pytest.mark.parametrize(("protocol", "least"), [("davis2017", 3), ("youtube-vos", 2)])
def test_a_video_that_cannot_be_scored_is_refused(protocol: str, least: int) -> None:
    masks = [np.ones((4, 4), np.uint8)] * least
    check(Dataset("d", (ArrayVideo(masks),), protocol, ""), "d=x", [])
    short = ArrayVideo([*masks[1:], None])
    with pytest.raises(DataError, match=rf"{least - 1} annotated frames; protocol .* {least}: "):
        check(Dataset("d", (short,), protocol, ""), "d=x", [])
