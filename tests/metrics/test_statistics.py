import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vosbench.metrics import summarise
from vosbench.metrics.averages import JF, average, groups
from vosbench.metrics.statistics import Summary, returned


def test_recall_counts_frames_strictly_above_one_half():
    assert summarise(np.array([0.5, 0.51, 0.2, 1.0])).recall == 0.5


def test_decay_of_eight_frames_compares_the_bins_worked_out_by_hand():
    # linspace(1, 8, 5) = 1, 2.75, 4.5, 6.25, 8: rounded and shifted 0, 2, 4, 5, 7
    x = np.arange(8.0)
    assert summarise(x).decay == (0 + 1 + 2) / 3 - (5 + 6 + 7) / 3


@pytest.mark.parametrize("length", [1, 2, 3])
def test_decay_of_a_few_frames_is_a_number(length):
    assert np.isfinite(summarise(np.linspace(1, 0, length)).decay)


def test_an_empty_curve_has_no_statistics():
    assert np.isnan(summarise(np.array([]))).all()


def test_decay_is_right_from_256_frames_on_where_the_official_code_overflows():
    # 400 frames: ids 0, 100, 200, 299, 399; in 8 bits 299 is 43 and 399 is 143
    x = np.arange(400.0)
    assert summarise(x).decay == 50 - 349
    with pytest.warns(UserWarning, match=r"official decay of 400 frames.*wrong"):
        assert summarise(x, official_decay=True).decay == 50 - 93


@pytest.mark.parametrize("length", [256, 300])
def test_the_official_decay_has_no_value_where_its_last_bin_ends_before_it_starts(length):
    with pytest.warns(UserWarning, match="overflow"):
        assert np.isnan(summarise(np.ones(length), official_decay=True).decay)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=255))
def test_both_decays_are_the_same_up_to_255_frames(values):
    x = np.array(values)
    assert summarise(x) == summarise(x, official_decay=True)


def test_a_return_is_the_first_visible_frames_after_each_absence():
    visible = np.array([True, False, True, True, True, False, True])
    assert np.nonzero(returned(visible, frames=2))[0].tolist() == [2, 3, 6]


@given(st.lists(st.booleans(), max_size=30), st.integers(0, 6))
def test_only_visible_frames_after_an_absence_are_of_a_return(visible, frames):
    back = returned(np.array(visible, dtype=bool), frames)
    for t, is_back in enumerate(back):
        since = visible[:t][::-1]
        run = since.index(False) if False in since else None  # visible frames since the absence
        assert is_back == (visible[t] and run is not None and run < frames)


def jf(value):
    return JF(Summary(value, value, value), Summary(value + 0.2, value, value))


def test_the_global_score_is_the_mean_over_objects_and_not_over_sequences():
    objects = {("a", 1): jf(0.3), ("a", 2): jf(0.3), ("b", 1): jf(0.6)}
    both = groups(objects, None, apart=False)["global"]
    assert both.J.mean == pytest.approx(0.4)
    assert both.mean == pytest.approx(0.5)  # (J + F) / 2


def test_seen_and_unseen_classes_weigh_the_same():
    objects = {("a", 1): jf(0.2), ("a", 2): jf(0.2), ("b", 1): jf(0.6)}
    found = groups(objects, frozenset({("b", 1)}), apart=True)
    assert found["seen"] == average([jf(0.2)] * 2)
    assert found["global"].J.mean == pytest.approx(0.4)
