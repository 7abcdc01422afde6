import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics import slow as reference
from tests.metrics.masks import mask_pairs
from vosbench.metrics import kernels as c
from vosbench.metrics.formulas import contour, region
from vosbench.metrics.kernels import planes, radius


def assert_equals_reference(truth, prediction, reach, ids):
    table, swapped = c.count(planes(truth, reach), planes(prediction, reach), np.array(ids))
    for row, i in zip(table, ids, strict=True):
        G, P = truth == i, prediction == i
        G_edge, P_edge = reference.boundary(G), reference.boundary(P)
        assert row[: c.TRUTH_MATCHED].tolist() == [np.sum(x) for x in (G & P, G, P, G_edge, P_edge)]
        assert region(row) == reference.j(G, P)
        assert contour(row) == reference.f(G, P, reach)
    both = np.isin(truth, ids) & np.isin(prediction, ids)
    assert swapped == np.sum(both & (truth != prediction))


@settings(max_examples=80, deadline=None)
@given(mask_pairs(), st.sampled_from([1, 2, 3, 4, 5, 8]), st.data())
def test_counts_are_those_of_the_slow_reference(pair, reach, data):
    present = sorted((set(np.unique(pair[0])) | set(np.unique(pair[1])) | {1, 200}) - {0})
    ids = data.draw(st.lists(st.sampled_from(present), min_size=1, max_size=4, unique=True))
    assert_equals_reference(*pair, reach, [int(i) for i in sorted(ids)])


def near(edge, other, reach):
    """How many points of one boundary have a point of the other within reach: all pairs."""
    gaps = np.argwhere(edge)[:, None] - np.argwhere(other)[None]
    return np.sum((gaps**2).sum(axis=2).min(axis=1) <= reach**2)


@pytest.mark.parametrize("reach", [12, 18, 36, 63, 64, 65, 71, 130])
@pytest.mark.parametrize("seed", range(3))
def test_matches_are_exact_at_the_radii_of_large_frames(reach, seed):
    rng = np.random.default_rng(seed)
    edges = []
    masks = np.zeros((2, 300, 200), np.uint8)
    for mask in masks:
        for y, x in zip(rng.integers(0, 300, 6), rng.integers(0, 200, 6), strict=True):
            mask[y : y + 3, x : x + 2] = 1
        edges.append(reference.boundary(mask == 1))
    table, _ = c.count(planes(masks[0], reach), planes(masks[1], reach), np.array([1]))
    assert table[0, c.TRUTH_MATCHED] == near(edges[0], edges[1], reach)
    assert table[0, c.PREDICTION_MATCHED] == near(edges[1], edges[0], reach)


@pytest.mark.parametrize("shape", [(127, 8), (9, 64), (5, 61)])
@pytest.mark.parametrize("column", range(8))
def test_stripes_that_repeat_every_eight_pixels_are_counted_to_their_last_row(shape, column):
    truth = np.zeros(shape, np.uint8)
    truth.reshape(-1)[column::8] = 2  # equal words of eight pixels, with an id in their midst
    assert_equals_reference(truth, np.roll(truth, 1), 1, [2])


def test_counts_are_exact_at_480p():
    y, x = np.mgrid[:480, :854]
    truth = ((x - 300) ** 2 + (y - 200) ** 2 < 150**2).astype(np.uint8)
    truth[(x - 700) ** 2 + (y - 470) ** 2 < 160**2] = 2
    assert_equals_reference(truth, np.roll(truth, (6, 11), (0, 1)), radius(480, 854), [1, 2])


def test_254_objects_are_counted_each_by_itself():
    truth = np.repeat(np.arange(1, 255, dtype=np.uint8), 4)[None].repeat(5, axis=0)
    table, swapped = c.count(planes(truth, 1), planes(np.roll(truth, 1, 1), 1), np.arange(1, 255))
    assert (table[:, c.INTERSECTION] == 15).all()  # 3 of 4 columns, 5 rows
    assert swapped == 254 * 5


def test_counts_of_a_square_moved_by_one_pixel_are_those_counted_by_hand():
    truth, prediction = np.zeros((2, 12, 12), np.uint8)
    truth[4:8, 4:8] = prediction[4:8, 5:9] = 1
    table, _ = c.count(planes(truth, 1), planes(prediction, 1), np.array([1]))
    # 4x4 pixels, 12 shared; a boundary is the ring of a 5x5 block: 16 pixels. Within one pixel
    # of the moved ring lie all of them, for the ring moves by one.
    assert table.tolist() == [[12, 16, 16, 16, 16, 16, 16]]


@pytest.mark.parametrize(
    ("size", "pixels"), [((240, 427), 4), ((480, 854), 8), ((720, 1280), 12), ((1080, 1920), 18)]
)
def test_radius_is_the_rounded_up_share_of_the_diagonal(size, pixels):
    assert radius(*size) == pixels
