"""KMN: the kernel, against the paper's formula with plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.methods.support import (
    Array,
    attention,
    build,
    close,
    dot,
    frames,
    pixels_of,
    query,
    write,
)
from vosbench import registry
from vosbench.errors import UsageError
from vosbench.memory import Frame

GRID = (3, 4)


def naive(items: list[Frame], asked: torch.Tensor, sigma: float) -> Array:
    objects, value_dim = items[0].value.shape[:2]
    h, w = asked.shape[2:]
    readout = np.zeros((objects, value_dim, h * w))
    for o in range(objects):
        queries = pixels_of(asked, o)
        up, down = np.zeros((value_dim, h * w)), np.zeros(h * w)
        for item in items:
            pairs = zip(pixels_of(item.key, o), pixels_of(item.value, o), strict=True)
            for key, value in pairs:
                scores = [dot(key, q) for q in queries]
                y, x = divmod(int(np.argmax(scores)), w)
                for j, score in enumerate(scores):
                    apart = (j // w - y) ** 2 + (j % w - x) ** 2
                    weight = math.exp(score) * math.exp(-apart / (2 * sigma**2))
                    up[:, j] += weight * value
                    down[j] += weight
        readout[o] = up / down
    return readout.reshape(objects, value_dim, h, w)


@pytest.mark.parametrize("sigma", [0.5, 2.0, 7.0])
@pytest.mark.parametrize("written", [1, 3])
def test_kmn_is_the_papers_formula_written_as_loops(sigma: float, written: int) -> None:
    memory = build("kmn", sigma=sigma)
    items, asked = frames(memory, written, GRID), query(memory, GRID)
    readout, _ = memory.read(write(memory, items), asked)
    assert close(readout, naive(items, asked, sigma))


def test_a_very_wide_kernel_is_no_kernel() -> None:
    memory = build("kmn", sigma=1e6)
    items, asked = frames(memory, 2, GRID), query(memory, GRID)
    readout, _ = memory.read(write(memory, items), asked)
    assert np.allclose(readout, attention(items, asked), rtol=1e-6, atol=1e-8)


def test_a_kernel_so_narrow_that_its_weights_underflow_still_reads_finite_values() -> None:
    """exp(-apart / 2 sigma^2) is 0 in floating point for all but the best match."""
    memory = build("kmn", 1, 1, sigma=0.01)
    grid = (1, 8)
    key = torch.ones(1, 1, *grid).double()  # every location's best match is query 0
    value = torch.full((1, 1, *grid), 3.0).double()
    state = memory.write(None, Frame(key, value, value, 0, True))
    readout, _ = memory.read(state, torch.arange(8, 0, -1).double().view(1, 1, *grid))
    assert torch.allclose(readout, torch.full_like(readout, 3.0))


def test_of_two_equal_keys_the_nearer_match_wins_by_the_gaussian_of_its_distance() -> None:
    """Worked out by hand: both score the same at q = (0, 2), their best matches are 0 and 3 away.

    Keys (1, 0) and (0, 1); queries in a row (9, 0), 0, (1, 1), (0, 0), (0, 0), (0, 9): matches at
    columns 0 and 5; at column 2 both score 1 / sqrt(2), the distances are 2 and 3.
    """
    memory = build("kmn", 2, 1, sigma=2.0)
    key = torch.tensor([[1.0, 0], [0, 1.0]]).double().view(1, 2, 1, 2)
    value = torch.tensor([1.0, 0.0]).double().view(1, 1, 1, 2)
    asked = torch.tensor([[9.0, 0, 1, 0, 0, 0], [0, 0, 1, 0, 0, 9]]).double().view(1, 2, 1, 6)
    state = memory.write(None, Frame(key, value, value, 0, True))
    readout, _ = memory.read(state, asked)
    near, far = math.exp(-4 / 8), math.exp(-9 / 8)
    assert float(readout[0, 0, 0, 2]) == pytest.approx(near / (near + far), rel=1e-12)


@pytest.mark.parametrize("sigma", [0, -1.0, float("nan"), True, "wide"])
def test_a_kernel_without_width_is_refused(sigma: object) -> None:
    with pytest.raises(UsageError, match="sigma"):
        registry.build("kmn", 4, 4, sigma=sigma)
