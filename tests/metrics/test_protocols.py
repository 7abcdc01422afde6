"""Where evaluators part: the same masks under each protocol, worked out by hand."""

import numpy as np
import pytest

from vosbench.errors import DataError, UsageError
from vosbench.metrics import PROTOCOLS, Truth, summarise

NAMES = ["davis2017", "davis2016", "vos-benchmark", "youtube-vos"]


def frame(**columns):
    """A mask 4x16; `_1=slice(0, 4)` fills these columns with id 1."""
    mask = np.zeros((4, 16), np.uint8)
    for name, where in columns.items():
        mask[:, where] = int(name[1:])
    return mask


HALF, WHOLE = slice(0, 2), slice(0, 4)  # columns of an object's half and of the object
OTHER = slice(8, 12)


def mean_region(masks, predictions, protocol):
    score = Truth(dict(enumerate(masks)), protocol).score(dict(enumerate(predictions)))
    return {i: summarise(o.J).mean for i, o in score.objects.items()}


def test_the_protocols_are_the_documented_four():
    assert list(PROTOCOLS) == NAMES


def test_a_gap_in_the_ids_is_a_perfect_phantom_for_davis2017_alone():
    truth = [frame(_1=WHOLE, _3=OTHER)] * 4
    prediction = [frame(_1=HALF, _3=OTHER)] * 4
    assert mean_region(truth, prediction, "davis2017") == {1: 0.5, 2: 1.0, 3: 1.0}
    assert mean_region(truth, prediction, "vos-benchmark") == {1: 0.5, 3: 1.0}
    assert mean_region(truth, prediction, "youtube-vos") == {1: 0.5, 3: 1.0}


def test_an_object_absent_for_some_frames_is_scored_there_by_davis2017_alone():
    shown, gone = frame(_1=WHOLE), frame()
    truth = [shown, gone, gone, shown, shown, gone]
    prediction = [gone, gone, gone, frame(_1=HALF), shown, gone]
    assert mean_region(truth, prediction, "davis2017") == {1: (1 + 1 + 0.5 + 1) / 4}
    assert mean_region(truth, prediction, "vos-benchmark") == {1: (0.5 + 1) / 2}
    assert mean_region(truth, prediction, "youtube-vos") == {1: (1 + 1 + 0.5 + 1) / 4}


def test_vos_benchmark_starts_an_object_where_it_is_predicted_too_early():
    truth = [frame(), frame(), frame(), frame(_1=WHOLE), frame()]
    prediction = [frame(), frame(), frame(_1=HALF), frame(_1=WHOLE), frame()]
    assert mean_region(truth, prediction, "vos-benchmark") == {1: (0 + 1) / 2}


def test_youtube_vos_scores_each_object_after_its_first_frame_to_its_last():
    early, late = {"_1": WHOLE}, {"_2": OTHER}
    truth = [frame(**early), frame(**early), frame(**early, **late), frame(**late), frame(**late)]
    score = Truth(dict(enumerate(truth)), "youtube-vos").score(dict(enumerate(truth)))
    assert score.objects[1].frames == (1, 2)
    assert score.objects[2].frames == (3, 4)


def test_void_pixels_are_background_for_davis2017_and_an_object_for_vos_benchmark():
    truth = [frame(_1=WHOLE, _255=OTHER)] * 4
    prediction = [frame(_1=HALF)] * 4
    assert mean_region(truth, prediction, "davis2017") == {1: 0.5}
    assert mean_region(truth, prediction, "vos-benchmark") == {1: 0.5, 255: 0.0}
    assert mean_region(truth, prediction, "youtube-vos") == {1: 0.5}


def test_davis2016_takes_any_value_above_0_as_the_object():
    truth = [frame(_255=WHOLE)] * 4
    prediction = [frame(_1=slice(0, 1), _7=slice(1, 2))] * 4
    assert mean_region(truth, prediction, "davis2016") == {1: 0.5}


@pytest.mark.parametrize("protocol", ["davis2017", "youtube-vos"])
@pytest.mark.parametrize("extra", [2, 255])
def test_a_predicted_id_that_the_truth_lacks_is_an_error_naming_frame_and_id(protocol, extra):
    truth = dict.fromkeys(range(4), frame(_1=WHOLE))
    prediction = {**truth, 2: frame(_1=WHOLE, **{f"_{extra}": OTHER})}
    with pytest.raises(DataError, match=rf"^dog, frame 2: predicted id {extra}, .*predict those"):
        Truth(truth, protocol, "dog").score(prediction)


def test_vos_benchmark_ignores_a_predicted_id_that_the_truth_lacks():
    truth = [frame(_1=WHOLE)] * 4
    assert mean_region(truth, [frame(_1=WHOLE, _2=OTHER)] * 4, "vos-benchmark") == {1: 1.0}


@pytest.mark.parametrize("protocol", NAMES)
def test_a_missing_frame_is_an_error_naming_it_under_every_protocol(protocol):
    truth = dict.fromkeys(range(4), frame(_1=WHOLE))
    prediction = {t: mask for t, mask in truth.items() if t != 2}
    with pytest.raises(DataError, match=r"^dog, frame 2: no prediction; .*predict this one"):
        Truth(truth, protocol, "dog").score(prediction)


def test_the_first_and_last_frames_need_no_prediction():
    truth = dict.fromkeys(range(3), frame(_1=WHOLE))
    assert Truth(truth).score({1: frame(_1=WHOLE)}).objects[1].J.tolist() == [1.0]


@pytest.mark.parametrize("protocol", NAMES)
def test_a_wrong_size_is_an_error_with_both_sizes(protocol):
    truth = dict.fromkeys(range(4), frame(_1=WHOLE))
    prediction = {**truth, 1: np.zeros((4, 15), np.uint8)}
    with pytest.raises(DataError, match=r"^dog, frame 1: .*4x15.*expected 4x16"):
        Truth(truth, protocol, "dog").score(prediction)


@pytest.mark.parametrize(
    "mask", [np.zeros((4, 16, 3), np.uint8), np.zeros((4, 16), np.int64)], ids=["RGB", "int64"]
)
def test_a_mask_that_is_no_mask_is_an_error_as_prediction_and_as_truth(mask):
    truth = dict.fromkeys(range(3), frame(_1=WHOLE))
    with pytest.raises(DataError, match=r"frame 1: .*uint8 ids"):
        Truth(truth).score({1: mask})
    with pytest.raises(DataError, match=r"frame 0: .*uint8 ids"):
        Truth(dict.fromkeys(range(3), mask))


@pytest.mark.parametrize("protocol", ["davis2017", "vos-benchmark", "youtube-vos"])
def test_a_truth_without_objects_is_an_error_and_not_a_score(protocol):
    with pytest.raises(DataError, match=r"^dog: no object"):
        Truth(dict.fromkeys(range(4), frame()), protocol, "dog")


@pytest.mark.parametrize(("protocol", "frames"), [("davis2017", 2), ("youtube-vos", 1)])
def test_a_sequence_too_short_for_the_protocol_is_an_error(protocol, frames):
    with pytest.raises(DataError, match=rf"^dog: {frames} annotated frames"):
        Truth(dict.fromkeys(range(frames), frame(_1=WHOLE)), protocol, "dog")


def test_an_unknown_protocol_lists_the_nearest():
    with pytest.raises(UsageError, match=r"did you mean davis2017"):
        Truth({}, "davis17")


def test_swapped_pixels_are_those_of_one_object_predicted_as_another():
    truth = frame(_1=WHOLE, _2=OTHER)
    prediction = frame(_2=HALF, _1=slice(6, 9))  # 2 columns of 1 as 2, 1 column of 2 as 1
    score = Truth(dict.fromkeys(range(3), truth)).score(dict.fromkeys(range(3), prediction))
    assert score.swaps.tolist() == [4 * 2 + 4 * 1]


def test_a_truth_scores_any_number_of_predictions_and_changes_none():
    truth = dict.fromkeys(range(3), frame(_1=WHOLE))
    prepared = Truth(truth)
    for columns, J in [(HALF, 0.5), (WHOLE, 1.0), (HALF, 0.5)]:
        mask = frame(_1=columns)
        mask.setflags(write=False)
        assert prepared.score({1: mask}).objects[1].J.tolist() == [J]
