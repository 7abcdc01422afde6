"""Frames in and masks out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vosbench.model.frames import Fit, decide, merge, one_hot, others, to_tensor

torch.set_num_threads(1)
CPU = torch.device("cpu")
SIDE = st.integers(1, 70)
quick = settings(max_examples=40, deadline=None)


@quick
@given(size=st.tuples(SIDE, SIDE), short=st.none() | st.integers(1, 40))
def test_any_size_enters_as_multiples_of_16_and_leaves_as_it_came(
    size: tuple[int, int], short: int | None
) -> None:
    fit = Fit.of(size, short)
    x = torch.full((1, 2, *size), 0.75)
    inside = fit.enter(x)
    assert tuple(inside.shape) == (1, 2, *fit.padded)
    assert all(side % 16 == 0 and 0 <= side - i < 16
               for side, i in zip(fit.padded, fit.inner, strict=True))  # fmt: skip
    back = fit.leave(inside)
    assert back.shape == x.shape
    assert torch.allclose(back, x, atol=1e-5)  # the padding never leaks into the frame


@quick
@given(size=st.tuples(SIDE, SIDE), seed=st.integers(0, 99))
def test_a_frame_that_is_not_scaled_comes_back_bit_for_bit(
    size: tuple[int, int], seed: int
) -> None:
    fit = Fit.of(size, None)
    x = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(fit.leave(fit.enter(x)), x)


@quick
@given(size=st.tuples(SIDE, SIDE), short=st.integers(1, 40))
def test_the_short_side_becomes_what_was_asked(size: tuple[int, int], short: int) -> None:
    assert min(Fit.of(size, short).inner) == short


def test_a_frame_becomes_a_tensor_in_zero_to_one() -> None:
    frame = np.zeros((2, 3, 3), np.uint8)
    frame[1, 2] = 255, 0, 51
    x = to_tensor(frame, CPU)
    assert x.shape == (1, 3, 2, 3)
    assert x[0, :, 1, 2].tolist() == pytest.approx([1.0, 0.0, 0.2])
    assert x.sum().item() == pytest.approx(1.2)


def test_ids_become_one_plane_each() -> None:
    ids = np.array([[0, 5], [9, 5]], np.uint8)
    planes = one_hot(ids, (5, 9), CPU)
    assert planes.tolist() == [[[[0, 1], [0, 1]]], [[[0, 0], [1, 0]]]]


@quick
@given(
    objects=st.integers(2, 5), seed=st.integers(0, 999), sharp=st.sampled_from([0.1, 1.0, 5.0, 1e3])
)
def test_merged_shares_sum_to_at_most_one(objects: int, seed: int, sharp: float) -> None:
    source = torch.Generator().manual_seed(seed)
    masks = (torch.randn(objects, 1, 4, 5, generator=source) * sharp).sigmoid()
    shares = merge(masks)
    assert shares.isfinite().all()
    assert (shares >= 0).all()
    assert (shares.sum(0) <= 1 + 1e-5).all()
    assert shares.shape == masks.shape


def test_merging_follows_the_formula_counted_by_hand() -> None:
    masks = torch.tensor([0.6, 0.3]).view(2, 1, 1, 1)
    odds = [0.28 / 0.72, 0.6 / 0.4, 0.3 / 0.7]  # background: (1 - 0.6)(1 - 0.3) = 0.28
    expected = [o / sum(odds) for o in odds[1:]]
    assert merge(masks).flatten().tolist() == pytest.approx(expected, abs=1e-6)


def test_a_single_object_is_left_as_it_is() -> None:
    mask = torch.rand(1, 1, 3, 4)
    assert torch.equal(merge(mask), mask)


def test_certain_masks_stay_certain_and_finite() -> None:
    masks = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]).view(2, 1, 1, 3)
    expected = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    assert torch.allclose(merge(masks).view(2, 3), expected, atol=1e-4)


def test_each_pixel_goes_to_the_largest_share() -> None:
    masks = torch.tensor([[0.6, 0.2, 0.1, 0.4], [0.3, 0.7, 0.1, 0.35]]).view(2, 1, 1, 4)
    assert decide(masks, (4, 200)).tolist() == [[4, 200, 0, 4]]
    assert decide(masks, (4, 200)).dtype == np.uint8


@quick
@given(size=st.tuples(SIDE, SIDE), short=st.none() | st.integers(1, 40))
def test_blanking_sets_the_padding_to_zero_and_keeps_the_frame(
    size: tuple[int, int], short: int | None
) -> None:
    fit = Fit.of(size, short)
    x = torch.ones(1, 2, *fit.padded)
    blank = fit.blank(x)
    assert blank.shape == x.shape
    assert torch.equal(fit.crop(blank), fit.crop(x))
    assert blank.sum() == 2 * fit.inner[0] * fit.inner[1]


def test_the_others_of_an_object_are_the_sum_of_all_but_its_own_mask_counted_by_hand() -> None:
    masks = torch.tensor([[0.5, 0.9], [0.25, 0.8], [0.0, 0.7]]).view(3, 1, 1, 2)
    expected = [[0.25, 1.0], [0.5, 1.0], [0.75, 1.0]]
    assert torch.allclose(others(masks).view(3, 2), torch.tensor(expected), atol=1e-6)
    assert torch.equal(others(masks[:1]), torch.zeros(1, 1, 1, 2))
