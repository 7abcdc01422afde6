"""The protocol `vos-benchmark` against the package it is named after."""

import numpy as np
import pytest

from vosbench.metrics import Truth, summarise


def test_the_protocol_agrees_with_the_package():
    Evaluator = pytest.importorskip("vos_benchmark.evaluator").Evaluator
    rng = np.random.default_rng(0)
    masks = np.zeros((2, 12, 60, 90), np.uint8)
    for t in range(12):  # objects come, go, overlap; ids 1, 4, 255 and one that is predicted alone
        for i in (1, 4, 255):
            for side in range(2):
                if rng.random() < 0.6:
                    y, x = rng.integers(0, 40, 2)
                    masks[side, t, y : y + 20, x : x + 30] = i
        masks[1, t, :3, :3] = 9
    package = Evaluator()
    for t in range(1, 11):
        package.feed_frame(masks[1, t], masks[0, t])
    J, F = package.conclude()
    truth, prediction = (dict(enumerate(side)) for side in masks)
    found = Truth(truth, "vos-benchmark").score(prediction).objects
    assert found.keys() == J.keys() == {1, 4, 255}
    for i, o in found.items():
        assert 100 * summarise(o.J).mean == pytest.approx(J[i], rel=1e-12)
        assert 100 * summarise(o.F).mean == pytest.approx(F[i], rel=1e-12)
