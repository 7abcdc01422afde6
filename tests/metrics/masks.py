"""Masks for tests, drawn by hypothesis."""

import numpy as np
from hypothesis import strategies as st

SIDES = st.sampled_from([1, 2, 3, 7, 8, 9, 31, 63, 64, 65, 66, 127, 128, 129, 130])


@st.composite
def mask_pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Two masks of one size, alike or not, with up to 254 objects."""
    shape = draw(SIDES), draw(SIDES)
    one = draw(masks(shape))
    other = draw(st.one_of(masks(shape), st.just(np.roll(one, 1, axis=draw(st.integers(0, 1))))))
    return one, other


@st.composite
def masks(draw: st.DrawFn, shape: tuple[int, int]) -> np.ndarray:
    kind = draw(st.sampled_from(["empty", "full", "pixel", "border", "boxes", "noise"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    mask = np.zeros(shape, np.uint8)
    height, width = shape
    if kind == "full":
        mask[:] = rng.integers(1, 255)
    elif kind == "pixel":
        mask[rng.integers(height), rng.integers(width)] = rng.integers(1, 255)
    elif kind == "border":
        mask[:] = 1
        mask[1:-1, 1:-1] = 0
    elif kind == "boxes":
        for i in range(1, rng.integers(2, 6)):
            y, x = np.sort(rng.integers(0, height + 1, 2)), np.sort(rng.integers(0, width + 1, 2))
            mask[y[0] : y[1], x[0] : x[1]] = i
    elif kind == "noise":
        mask[:] = rng.integers(0, rng.choice([2, 4, 255]), shape)
    return mask
