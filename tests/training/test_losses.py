import math

import pytest
import torch

from vosbench.training.losses import LOSSES, cross_entropy, hybrid, soft_iou

MASK = torch.tensor([[[[1.0, 0.0]]]])


def test_cross_entropy_of_undecided_pixels_is_the_logarithm_of_two() -> None:
    assert cross_entropy(torch.zeros(1, 1, 1, 2), MASK).item() == pytest.approx(math.log(2))


def test_cross_entropy_counts_each_pixel_by_its_own_probability() -> None:
    logits = torch.tensor([[[[math.log(3), math.log(3)]]]])  # p = 3/4 on both pixels
    expected = -(math.log(3 / 4) + math.log(1 / 4)) / 2
    assert cross_entropy(logits, MASK).item() == pytest.approx(expected)


def test_soft_iou_of_two_pixels_agrees_with_the_count_by_hand() -> None:
    logits = torch.tensor([[[[math.log(3), math.log(3)]]]])
    both, union = 0.75, 1.5 + 1 - 0.75
    assert soft_iou(logits, MASK).item() == pytest.approx(1 - (both + 1) / (union + 1))


def test_soft_iou_is_the_mean_over_clips_and_not_over_all_pixels_at_once() -> None:
    big = 100.0
    logits = torch.tensor([[[[big, big]]], [[[-big, -big]]]])  # all object; nothing
    masks = torch.tensor([[[[1.0, 1.0]]], [[[1.0, 1.0]]]])
    first, second = 0.0, 1 - (0 + 1) / (2 + 1)
    assert soft_iou(logits, masks).item() == pytest.approx((first + second) / 2)


def test_predicting_nothing_for_an_empty_mask_costs_nothing() -> None:
    assert soft_iou(torch.full((1, 1, 3, 3), -100.0), torch.zeros(1, 1, 3, 3)).item() == 0


def test_the_hybrid_loss_is_the_sum_of_its_two_parts() -> None:
    logits = torch.tensor([[[[0.3, -1.7]]]])
    expected = cross_entropy(logits, MASK) + soft_iou(logits, MASK)
    assert hybrid(logits, MASK).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_every_loss_falls_when_the_logits_move_towards_the_mask(name: str) -> None:
    losses = [LOSSES[name](scale * (2 * MASK - 1), MASK).item() for scale in (-2.0, 0.0, 2.0, 8.0)]
    assert losses == sorted(losses, reverse=True)
    assert len(set(losses)) == 4
