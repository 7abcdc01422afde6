"""What of a sequence's score becomes Records."""

import numpy as np

from vosbench.harness.accuracy import rows
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
