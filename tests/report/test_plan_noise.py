"""What `vosbench plan` makes of times whose growth is not clear of the machine's noise."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tests.report.fabricated import STAMP
from tests.report.test_plan import COMMON, row, state
from vosbench.report.costs import all_costs
from vosbench.report.evidence import load
from vosbench.report.formats import significant
from vosbench.report.plan import YEAR, Amount, tables
from vosbench.report.trend import frame_lines
from vosbench.results import Cell, Row, Store


def reads(folder: Path, read: list[float]) -> Path:
    """A store of stm, whose state grows, with these reads (ms) in frames of 30 ms besides."""
    kept = Store(folder, stamp=STAMP)
    rows = [Row(None, None, "threads", 2, "1"), Row(None, None, "first_frame_seconds", 0.1, "s")]
    for t, ms in enumerate(read, 1):
        rows += [Row(None, t, "read_seconds", ms / 1e3, "s"),
                 Row(None, t, "frame_seconds", 0.030 + ms / 1e3, "s")]  # fmt: skip
    cell = {"method": "stm", **COMMON}
    kept.append(Cell(harness="speed", protocol="a clock", **cell), rows)
    kept.append(Cell(harness="growth", protocol="measured", **cell), state(1))
    return folder


# Least squares, t = 1..4: of the first -0.02 ms a frame, of the second 0.02.
@pytest.mark.parametrize("read", [[2.1, 1.9, 2.0, 2.0], [1.9, 2.1, 2.0, 2.0], [2.0, 2.1]])
def test_a_read_that_grows_by_noise_alone_costs_nothing_below_none_and_its_range_is_said(
    tmp_path: Path, read: list[float]
) -> None:
    evidence = load(reads(tmp_path, read))
    flat = 0.1 + 35_999 * (0.030 + np.mean(read) / 1e3)  # seconds of a clip of an hour
    _, methods = tables(evidence, Amount(hours=1000, fps=10, clip=3600, cores=8))
    low, network = 2000 * flat / YEAR, float(str(row(methods, "stm")["network"]))
    assert network >= low * (1 - 1e-9)
    (note,) = [x for x in methods.notes if x.startswith("stm: ")]
    assert "the growth of its read is within noise of 0" in note
    assert f"the network takes {significant(low)} to " in note
    _, short = tables(evidence, Amount(hours=1000, fps=10, clip=0.3, cores=8))
    assert not [x for x in short.notes if x.startswith("stm: ")]  # t = 1, 2 were measured


def test_a_read_grows_no_faster_than_in_proportion_to_t(tmp_path: Path) -> None:
    (found,) = all_costs(load(reads(tmp_path, [1.9, 2.1, 2.0, 2.0])), "speed")
    lines = frame_lines(found, "stm", until=math.inf)
    assert lines is not None
    # Squares of the rest: 0.018 ms^2, so that the error is sqrt(0.018 / 2 / 5) = 0.0424 ms a frame;
    # Student's t of two degrees is 4.30.
    assert [line.slope for line in lines] == pytest.approx([2e-5, 0, 2e-5 + 4.303 * 4.243e-5], 1e-3)
    # The mean read is 2 ms at t = 2.5: at most 0.8 ms a frame, and then nothing at t = 0.
    (found,) = all_costs(load(reads(tmp_path / "wild", [0.5, 4, 0.5, 3])), "speed")
    wild = frame_lines(found, "stm", until=math.inf)
    assert wild is not None
    assert (wild.most.start, wild.most.slope) == (pytest.approx(0.030), pytest.approx(8e-4))
