import csv
import io
import json

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from vosbench.data.png import write_mask
from vosbench.errors import DataError, UsageError
from vosbench.harness.score_folders import score_folders
from vosbench.harness.score_output import tell, to_csv, to_json, to_table, try_out

FRAMES = ["00000", "00005", "00010", "00015"]


def mask(columns):
    ids = np.zeros((4, 16), np.uint8)
    ids[:, :columns] = 1
    ids[:, 8:12] = 2
    return ids


@pytest.fixture
def folders(tmp_path):
    """Truth and predictions of two sequences; object 1 is half right, object 2 wholly."""
    for name in ("cat", "dog"):
        for stem in FRAMES:
            write_mask(tmp_path / "gt" / name / f"{stem}.png", mask(4))
            write_mask(tmp_path / "pred" / name / f"{stem}.png", mask(2))
    return tmp_path / "gt", tmp_path / "pred"


def test_json_has_the_documented_shape(folders):
    found = json.loads(to_json(score_folders(*folders)))
    assert found["protocol"] == "davis2017"
    assert found["global"]["J"]["mean"] == 0.75
    assert found["sequences"]["dog"]["1"]["J"] == {
        "mean": 0.5,
        "recall": 0.0,
        "decay": 0.0,
        "frames": [0.5, 0.5],
    }
    assert list(found["sequences"]["cat"]["2"]) == ["J", "F"]


def test_csv_names_protocol_sequence_object_and_frame(folders):
    rows = list(csv.DictReader(io.StringIO(to_csv(score_folders(*folders)))))
    assert len(rows) == 2 * 2 * 2
    assert rows[1] | {"F": ""} == {
        "protocol": "davis2017",
        "sequence": "cat",
        "object": "1",
        "frame": "00010",
        "J": "0.5",
        "F": "",
    }


def test_the_table_shows_protocol_averages_and_every_object(folders):
    console = Console(width=140, file=io.StringIO(), record=True)
    console.print(to_table(score_folders(*folders)))
    text = console.export_text()
    assert "protocol davis2017" in text
    assert [line.split()[1:4:2] for line in text.splitlines() if " dog " in line] == [
        ["dog", "1"],
        ["dog", "2"],
    ]


def test_a_sequence_name_in_brackets_is_printed_as_it_is(folders):
    for folder in folders:
        (folder / "dog").rename(folder / "[red]dog")
    console = Console(width=140, file=io.StringIO(), record=True)
    console.print(to_table(score_folders(*folders)))
    assert "[red]dog" in console.export_text()


def test_one_sequence_scores_as_it_does_among_others(folders):
    gt, pred = folders
    alone = score_folders(gt / "dog", pred / "dog").sequences["dog"]
    among = score_folders(gt, pred).sequences["dog"]
    assert alone.objects[1].F.tolist() == among.objects[1].F.tolist()


def test_any_number_of_workers_gives_the_same_numbers(folders):
    assert to_csv(score_folders(*folders, workers=3)) == to_csv(score_folders(*folders))


def test_frames_without_truth_are_not_read(folders):
    gt, pred = folders
    (pred / "dog" / "00003.png").write_bytes(b"not even an image")
    assert score_folders(gt, pred).sequences["dog"].frames == (5, 10)


def test_frames_of_any_name_are_matched_by_it(folders):
    for folder in folders:
        for stem in FRAMES:
            (folder / "dog" / f"{stem}.png").rename(folder / "dog" / f"img_{stem}.png")
    scored = score_folders(*folders).sequences
    assert scored["dog"].objects[1].J.tolist() == scored["cat"].objects[1].J.tolist()
    (folders[1] / "dog" / "img_00005.png").unlink()
    with pytest.raises(DataError, match=r"dog/img_00005\.png: no such file"):
        score_folders(*folders)


def test_leading_zeros_do_not_make_another_frame(folders):
    gt, pred = folders
    for stem in FRAMES:
        (pred / "dog" / f"{stem}.png").rename(pred / "dog" / f"{int(stem)}.png")
    assert score_folders(gt, pred).sequences["dog"].frames == (5, 10)
    write_mask(pred / "dog" / "005.png", mask(1))
    with pytest.raises(DataError, match=r"005\.png and 5\.png|5\.png and 005\.png"):
        score_folders(gt, pred)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("protocol", ["davis2017", "davis2016", "vos-benchmark", "youtube-vos"])
def test_a_missing_frame_is_an_error_naming_its_file(folders, protocol, workers):
    gt, pred = folders
    (pred / "dog" / "00005.png").unlink()
    with pytest.raises(DataError, match=r"dog/00005\.png: no such file.*sequence dog: predict it"):
        score_folders(gt, pred, protocol, workers)


def test_a_missing_sequence_is_an_error_naming_it(folders):
    gt, pred = folders
    (pred / "dog").rename(pred / "dingo")
    with pytest.raises(DataError, match=r"1 of the 2 sequences .*first dog"):
        score_folders(gt, pred)


def test_an_extra_id_is_an_error_with_sequence_and_frame(folders):
    gt, pred = folders
    write_mask(pred / "dog" / "00005.png", mask(4) * 2)
    with pytest.raises(DataError, match=r"^dog, frame 5: predicted id 4"):
        score_folders(gt, pred)


def test_a_wrong_size_is_an_error_with_sequence_and_frame(folders):
    gt, pred = folders
    write_mask(pred / "dog" / "00005.png", mask(4)[:, :15])
    with pytest.raises(DataError, match=r"^dog, frame 5: a mask of 4x15"):
        score_folders(gt, pred)


def test_an_rgb_mask_is_an_error_naming_its_file(folders):
    gt, pred = folders
    Image.new("RGB", (16, 4)).save(pred / "dog" / "00005.png")
    with pytest.raises(DataError, match=r"dog/00005\.png: .*RGB"):
        score_folders(gt, pred)


def test_folders_that_hold_no_masks_or_do_not_match_are_errors(folders, tmp_path):
    gt, pred = folders
    with pytest.raises(DataError, match=r"nowhere: no such folder"):
        score_folders(gt, tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"no PNG masks"):
        score_folders(tmp_path, pred)
    with pytest.raises(DataError, match=r"holds one sequence.*give .*gt/dog"):
        score_folders(gt, pred / "dog")
    with pytest.raises(DataError, match=r"holds one sequence.*give .*pred/dog"):
        score_folders(gt / "dog", pred)


def test_no_worker_and_an_unknown_protocol_are_usage_errors(folders):
    with pytest.raises(UsageError, match=r"0 workers"):
        score_folders(*folders, workers=0)
    with pytest.raises(UsageError, match=r"did you mean davis2017"):
        score_folders(*folders, protocol="davis2O17")


def test_tell_prints_and_writes_what_was_asked_for(folders, tmp_path, capsys):
    out = tmp_path / "out"
    tell(score_folders(*folders), csv_file=out / "a.csv", json_file=out / "a.json")
    assert "davis2017" in capsys.readouterr().out
    assert (tmp_path / "out" / "a.csv").read_text().startswith("protocol,sequence")
    assert json.loads((tmp_path / "out" / "a.json").read_text())["global"]["J&F"] == 0.625


def test_a_file_that_cannot_be_written_is_an_error_naming_it(folders, tmp_path):
    with pytest.raises(DataError, match=r"pred: cannot be written"):
        tell(score_folders(*folders), csv_file=tmp_path / "pred")


def test_files_that_cannot_be_written_are_refused_before_the_scoring(folders, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"--csv .*/file cannot be written: .*name another"):
        try_out(tmp_path / "file" / "a.csv", None)
    with pytest.raises(DataError, match=r"--json .*/pred is a folder: name a file in it"):
        try_out(tmp_path / "a.csv", tmp_path / "pred")


def test_a_missing_folder_is_promised_and_made_only_when_there_is_something_to_write(
    folders, tmp_path
):
    path = tmp_path / "some" / "new" / "x.csv"
    try_out(path, None)
    assert not (tmp_path / "some").exists()
    tell(score_folders(*folders), csv_file=path)
    assert path.is_file()


def test_long_sequences_carry_a_note_on_the_official_decay(tmp_path):
    for t in range(260):
        for side in ("gt", "pred"):
            write_mask(tmp_path / side / "long" / f"{t:05}.png", mask(4))
    ours = score_folders(tmp_path / "gt", tmp_path / "pred")
    official = score_folders(tmp_path / "gt", tmp_path / "pred", official_decay=True)
    assert any("would differ" in note for note in ours.notes)
    assert any("is used, as asked" in note for note in official.notes)
    assert ours.averages["global"].J.decay == 0.0
    assert json.loads(to_json(official))["global"]["J"]["decay"] is None


def write_meta(root, split, videos):
    objects = {
        name: {"objects": {str(i): {"category": c} for i, c in enumerate(classes, start=1)}}
        for name, classes in videos.items()
    }
    (root / split).mkdir(parents=True, exist_ok=True)
    (root / split / "meta.json").write_text(json.dumps({"videos": objects}))


def test_youtube_vos_averages_seen_and_unseen_classes_apart(tmp_path):
    annotations, pred = tmp_path / "valid" / "Annotations", tmp_path / "pred"
    for stem in FRAMES:
        write_mask(annotations / "v" / f"{stem}.png", mask(4))
        write_mask(pred / "v" / f"{stem}.png", mask(2))
    apart_unknown = score_folders(annotations, pred, "youtube-vos")
    assert any("not told apart" in note for note in apart_unknown.notes)
    write_meta(tmp_path, "valid", {"v": ["ape", "toilet"]})
    write_meta(tmp_path, "train", {"w": ["ape"]})
    averages = score_folders(annotations, pred, "youtube-vos").averages
    assert {name: both.J.mean for name, both in averages.items()} == {
        "global": 0.75,
        "seen": 0.5,
        "unseen": 1.0,
    }


def test_a_damaged_meta_json_is_an_error_naming_it(tmp_path, folders):
    gt, pred = folders
    write_meta(tmp_path, "train", {"w": ["ape"]})
    (tmp_path / "meta.json").write_text('{"videos": []}')
    write_meta(tmp_path.parent, "train", {"w": ["ape"]})
    with pytest.raises(DataError, match=r"meta\.json: not the meta\.json of YouTube-VOS"):
        score_folders(gt, pred, "youtube-vos")


def test_truth_in_which_no_object_is_scored_is_one_line(tmp_path):
    """As of a validation set, which holds only the masks that introduce objects."""
    for folder in ("gt", "pred"):
        for t, key in ((0, 1), (5, 2)):
            ids = np.zeros((8, 8), np.uint8)
            ids[2:5] = key
            write_mask(tmp_path / folder / "clip" / f"{t:05d}.png", ids)
    with pytest.raises(DataError, match="protocol youtube-vos scores no object there"):
        score_folders(tmp_path / "gt", tmp_path / "pred", "youtube-vos")


def test_frames_without_leading_zeros_are_in_their_natural_order(tmp_path):
    """Frame 12 alone is right; it is the last, which is not scored."""
    for folder, ids in (("gt", 1), ("pred", 0)):
        for t in range(1, 13):
            write_mask(tmp_path / folder / "a" / f"frame{t}.png", mask(ids if t < 12 else 1))
    scored = score_folders(tmp_path / "gt", tmp_path / "pred", protocol="davis2017").sequences["a"]
    assert scored.objects[1].J.tolist() == [0.0] * 10
