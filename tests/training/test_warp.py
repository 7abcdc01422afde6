import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vosbench.training.warp import CONTROL, STILL, Motion, grid, sample, spline_basis

STEADY = Motion(rotation=0, scale=0, shift=0, bend=0)


def points(side: int) -> torch.Tensor:
    axis = torch.linspace(-1, 1, side)
    return torch.cartesian_prod(axis, axis)


@given(st.lists(st.floats(-2, 2), min_size=3, max_size=3))
@settings(max_examples=20, deadline=None)
def test_the_spline_reproduces_every_affine_map(coefficients: list[float]) -> None:
    a, b, c = coefficients

    def affine(where: torch.Tensor) -> torch.Tensor:
        return a + b * where[:, 0] + c * where[:, 1]

    got = spline_basis(9) @ affine(points(CONTROL))
    assert torch.allclose(got, affine(points(9)), atol=1e-4)


def test_the_spline_passes_through_its_control_points() -> None:
    side = 2 * (CONTROL - 1) + 1  # every second pixel of a side is a control point
    basis = spline_basis(side).view(side, side, -1)[::2, ::2].reshape(CONTROL**2, -1)
    assert torch.allclose(basis, torch.eye(CONTROL**2), atol=1e-5)


def test_the_spline_bends_between_its_control_points() -> None:
    bent = spline_basis(9) @ torch.eye(CONTROL**2)[5]
    linear = torch.linalg.lstsq(torch.cat([points(9), torch.ones(81, 1)], 1), bent[:, None])
    assert linear.solution.abs().max() > 0
    assert (
        bent - (torch.cat([points(9), torch.ones(81, 1)], 1) @ linear.solution)[:, 0]
    ).abs().max() > 0.1


@pytest.mark.parametrize("seed", range(4))
def test_a_grid_without_motion_reads_the_whole_source_pixel_by_pixel(seed: int) -> None:
    side = 8
    source = torch.rand(1, 3, side, side)
    grids = grid(
        np.random.default_rng(seed), side, (side / 2, side / 2), side, (side, side), STEADY, 2
    )
    frames, _ = sample(source, torch.zeros(1, 1, side, side), grids)
    flipped = np.random.default_rng(seed).choice((-1.0, 1.0)) < 0
    expected = source.flip(-1) if flipped else source
    assert torch.allclose(frames, expected.expand(2, -1, -1, -1), atol=1e-5)


def test_a_grid_without_motion_centres_its_view_where_it_is_told() -> None:
    side, size = 4, (12, 20)
    grids = grid(np.random.default_rng(0), side, (7.0, 5.0), side, size, STEADY, 1)
    ramp_y, ramp_x = torch.meshgrid(torch.arange(12.0), torch.arange(20.0), indexing="ij")
    source = torch.stack([ramp_y, ramp_x, ramp_x])[None]
    frames, _ = sample(source, torch.zeros(1, 1, *size), grids)
    assert frames[0, 0, :, 0].tolist() == pytest.approx([5, 6, 7, 8], abs=1e-4)  # 7 - 2 + 1/2 - 1/2
    assert sorted(frames[0, 1, 0].tolist()) == pytest.approx([3, 4, 5, 6], abs=1e-4)


@given(st.integers(0, 2**20))
@settings(max_examples=25, deadline=None)
def test_masks_stay_zero_or_one_through_any_motion(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = torch.from_numpy(rng.integers(0, 2, (1, 1, 20, 24)).astype(np.float32))
    grids = grid(rng, 16, (10, 12), 22, (20, 24), STILL, 3)
    frames, masks = sample(torch.rand(1, 3, 20, 24), mask, grids)
    assert set(masks.unique().tolist()) <= {0.0, 1.0}
    assert frames.shape == (3, 3, 16, 16)
    assert masks.shape == (3, 1, 16, 16)


def test_a_still_moves_from_frame_to_frame() -> None:
    grids = grid(np.random.default_rng(0), 16, (10, 10), 20, (20, 20), STILL, 3)
    assert not torch.allclose(grids[0], grids[1], atol=1e-2)
    assert not torch.allclose(grids[1], grids[2], atol=1e-2)
