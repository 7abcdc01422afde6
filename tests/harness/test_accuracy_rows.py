"""What of a sequence's score becomes Records."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.sets import ArrayVideo
from vosbench.harness.accuracy import measure, rows
from vosbench.harness.settings import Settings
from vosbench.harness.subject import prepare
from vosbench.metrics import Truth


def square(at: int | None) -> np.ndarray:
    mask = np.zeros((32, 32), np.uint8)
    if at is not None:
        mask[4:12, at : at + 8] = 1
    return mask


def test_j_after_a_return_is_that_of_the_frames_that_show_the_object_again() -> None:
    truth = dict(enumerate(map(square, [2, 2, None, 4, 6, 8, 8])))
    predicted = truth | {3: square(8), 4: square(None)}  # half of it, nothing, then all again
    score = Truth(truth, "davis2017", "clip").score(predicted)
    back = {r.t: r.value for r in rows(score) if r.metric == "J_after_return"}
    assert back == {3: 1 / 3, 4: 0.0, 5: 1.0}  # the last frame is not scored under davis2017
    assert {r.t for r in rows(score) if r.metric == "J"} == {1, 2, 3, 4, 5}


@pytest.mark.parametrize("protocol", ["davis2017", "youtube-vos"])
def test_masks_are_the_result_where_the_protocol_has_no_frame_to_score(
    tmp_path: Path, protocol: str
) -> None:
    """The first and the last frame are annotated: davis2017 leaves both out."""
    video = ArrayVideo([square(2), None, square(8)])
    subject = prepare(
        "gc", Settings(methods=("gc",), weights="none", short_side=32, store=tmp_path)
    )
    cell = subject.cell("accuracy", dataset=video.dataset, sequence=video.name, protocol=protocol)
    found = {row.metric for row in measure(subject, video, cell)}
    assert found - {"J", "F", "swap_pixels"} == {"planned_sequences"}
    assert ("J" in found) == (protocol == "youtube-vos")
    assert len(list((tmp_path / "predictions" / cell.folder).iterdir())) == 3
