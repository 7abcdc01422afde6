import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vosbench.data.synthetic.arithmetic import Dice, cosine, fractal, noise, scatter, sine
from vosbench.data.synthetic.textures import skin


@given(st.floats(-1000, 1000))
def test_sine_is_the_sine(turns: float) -> None:
    assert sine(turns) == pytest.approx(math.sin(2 * math.pi * turns), abs=4e-6)
    assert cosine(turns) == pytest.approx(math.cos(2 * math.pi * turns), abs=4e-6)


def test_dice_give_the_published_numbers_of_splitmix64() -> None:
    dice = Dice(1234567)
    assert [dice.integer(0, 2**64 - 1) for _ in range(5)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_scatter_spreads_evenly() -> None:
    rows, columns = np.meshgrid(np.arange(200, dtype=np.int32), np.arange(200, dtype=np.int32))
    counts = np.bincount(scatter(rows, columns, 3).ravel(), minlength=256)
    assert len(counts) == 256
    expected = 200 * 200 / 256
    assert abs(counts - expected).max() < 6 * expected**0.5


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 20), st.integers(0, 2**31))
def test_noise_stays_in_a_byte(height: int, width: int, cell: int, seed: int) -> None:
    for values in (
        noise((height, width), (cell, cell), seed),
        fractal((height, width), (9, 9), seed),
    ):
        assert values.shape == (height, width)
        assert values.min() >= 0
        assert values.max() <= 255


def test_noise_meets_the_lattice_at_its_corners() -> None:
    values = noise((16, 16), (8, 8), 5)
    corners = np.array([0, 1], dtype=np.int32)
    np.testing.assert_array_equal(values[::8, ::8], scatter(corners[:, None], corners[None], 5))


@pytest.mark.parametrize("seed", range(12))
def test_a_skin_repeats_without_a_seam(seed: int) -> None:
    picture = skin(seed).astype(int)
    for axis in (0, 1):
        steps = np.abs(np.diff(picture, axis=axis)).sum(axis=2).mean(axis=1 - axis)
        seam = np.abs(np.take(picture, 0, axis) - np.take(picture, -1, axis)).sum(axis=1).mean()
        assert seam <= steps.max() * 1.05
