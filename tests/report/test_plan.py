"""`vosbench plan` against numbers counted by hand, from records that nobody measured."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.report.fabricated import STAMP, accuracy_rows, fabricate
from vosbench.cli import app
from vosbench.errors import DataError, UsageError
from vosbench.report.costs import all_costs
from vosbench.report.evidence import load
from vosbench.report.plan import YEAR, Amount, tables
from vosbench.report.tabular import MISSING, Table
from vosbench.report.trend import Line, frame_lines, state_line
from vosbench.results import Cell, Row, Store

MIB = 2**20
# 2 hours at 10 frames a second in clips of 5 s: 72,000 frames in 1,440 clips of 50.
AMOUNT = Amount(hours=2, fps=10, clip=5, cores=8)
COMMON = {"preset": "mini", "dataset": "davis2016", "size": "480x854", "objects": 1}


def speed(slope: float, unit: str = "s") -> list[Row]:
    """A frame of 40 ms and its read: 2 ms, and `slope` more for each t; encoders jitter by 6 ms."""
    rows = [Row(None, None, "threads", 2, "1"), Row(None, None, "first_frame_seconds", 0.1, "s")]
    for t in (1, 2, 3, 4):
        read = 0.002 + slope * t
        jitter = 0.003 if t in (1, 4) else -0.003  # of no slope, and of mean 0
        rows += [Row(None, t, "read_seconds", read, "s"),
                 Row(None, t, "frame_seconds", 0.038 + jitter + read, unit)]  # fmt: skip
    return rows


def state(slope: int) -> list[Row]:
    return [Row(None, t, "state_bytes", MIB * (1 + slope * t), "byte") for t in (1, 2, 5, 8, 10)]


def store(folder: Path, *, unit: str = "s") -> Path:
    kept = Store(folder, stamp=STAMP)
    for method, grows in (("gc", 0), ("stm", 1)):
        cell = {"method": method, **COMMON}
        kept.append(Cell(harness="speed", protocol="a clock", **cell), speed(grows / 1000, unit))
        kept.append(Cell(harness="growth", protocol="measured", **cell), state(grows))
    return folder


def with_rates(folder: Path) -> Path:
    kept = Store(folder, stamp=STAMP)
    kept.append(
        Cell(harness="reading", method="vosbench", dataset="davis2017", size="480x854"),
        [Row(None, None, "read_frame_seconds", 0.005, "s"),
         Row(None, None, "frame_bytes", 80_000, "byte")],
    )  # fmt: skip
    kept.append(
        Cell(harness="evaluator", method="vos-benchmark", protocol="some masks"),
        [Row(None, None, "own_seconds", 0.001, "s"), Row(None, None, "other_seconds", 0.1, "s")],
    )
    masks = folder / "predictions" / "davis2016" / "gc-0" / "seq"
    masks.mkdir(parents=True)
    (masks / "00000.png").write_bytes(bytes(1000))
    (masks / "00001.png").write_bytes(bytes(3000))
    return folder


def row(table: Table, first: str) -> dict[str, object]:
    (found,) = [r for r in table.rows if next(iter(r.values())) == first]
    return dict(found)


def test_the_memory_s_table_is_the_one_counted_by_hand(tmp_path: Path) -> None:
    _, methods = tables(load(with_rates(store(tmp_path))), AMOUNT)
    gc, stm = row(methods, "gc"), row(methods, "stm")
    # gc: a clip is 0.1 s and 49 frames of 40 ms: 2.06 s. 1,440 clips: 2966.4 s on two threads.
    assert gc["frame"] == pytest.approx(2966.4 / 72)
    assert gc["network"] == pytest.approx(2 * 2966.4 / YEAR)
    # and 6 ms a frame to read and score: 432 s. On 8 cores.
    assert gc["days"] == pytest.approx((2 * 2966.4 + 432) / 8 / 86400)
    assert gc["workers"] == 4
    # stm: 1 ms more for each t: 1 + ... + 49 = 1225 ms a clip, 1764 s in all.
    assert stm["network"] == pytest.approx(2 * (2966.4 + 1764) / YEAR)
    assert stm["days"] == pytest.approx((2 * 4730.4 + 432) / 8 / 86400)
    # The state of t = 49, the clip's last frame, and of t = 35,999, the last of an hour.
    assert (gc["clip"], gc["hour"]) == (1, 1)
    assert stm["clip"] == pytest.approx(50)
    assert stm["hour"] == pytest.approx(36_000)


def test_the_table_of_any_memory_is_the_one_counted_by_hand(tmp_path: Path) -> None:
    table, _ = tables(load(with_rates(store(tmp_path))), AMOUNT)
    assert "72,000 frames in 1,440 clips of 5 s" in table.title
    assert [r["what"] for r in table.rows] == [
        "frames on disk", "read and decode", "masks on disk", "score J and F", "records on disk",
    ]  # fmt: skip
    disk = row(table, "frames on disk")
    assert (disk["each"], disk["all"]) == ("80.0 kB", "0.00576 TB")  # 80 kB x 72,000
    read = row(table, "read and decode")
    # 5 ms x 72,000 = 360 s of 31,557,600.
    assert (read["each"], read["all"]) == ("5.00 ms of CPU", "0.0000114 CPU years")
    assert read["where"] == "davis2017 480x854"
    assert row(table, "masks on disk")["each"] == "2.00 kB"
    assert row(table, "score J and F")["where"] == "some masks"


def test_what_is_not_in_the_store_is_a_dash_that_says_what_measures_it(tmp_path: Path) -> None:
    table, methods = tables(load(store(tmp_path)), AMOUNT)
    for texts in table.texts():
        assert texts[1:3] == [MISSING, MISSING]
    assert row(table, "read and decode")["where"] == "add --data NAME=PATH"
    assert "nox -s perf" in str(row(table, "score J and F")["where"])
    assert row(methods, "gc")["days"] == pytest.approx(2 * 2966.4 / 8 / 86400)


def test_records_are_weighed_by_the_frames_that_they_score(tmp_path: Path) -> None:
    kept = Store(store(tmp_path), stamp=STAMP)
    kept.append(Cell(harness="accuracy", method="gc", protocol="p", **COMMON),
                accuracy_rows(0, 0, 12, 1))  # fmt: skip
    (line,) = [x for x in kept.path.read_bytes().splitlines() if b'"accuracy"' in x[:60]]
    table, _ = tables(load(tmp_path), AMOUNT)
    each = (len(line) + 1) / 10  # frames 1 to 10 of 12
    assert row(table, "records on disk")["each"] == f"{each / 1000:.3f} kB"


def test_only_what_grows_in_the_last_half_grows_on(tmp_path: Path) -> None:
    kept = Store(store(tmp_path), stamp=STAMP)
    # A window that is full at t = 5, and a line with a step in it.
    window = {1: 1, 2: 2, 5: 5, 8: 5, 10: 5}
    cell = {"harness": "growth", "protocol": "measured", **COMMON}
    kept.append(Cell(method="window", **cell),
                [Row(None, t, "state_bytes", x, "byte") for t, x in window.items()])  # fmt: skip
    (growth,) = all_costs(load(tmp_path), "growth")
    full = state_line(growth, "window")
    assert full is not None
    assert full.until == 5
    assert [full.at(t) for t in (1, 3, 5, 1000)] == pytest.approx([1, 3, 5, 5])
    assert state_line(growth, "gc") == Line(MIB, 0, until=0)
    found = state_line(growth, "stm")
    assert found is not None
    assert found.at(1000) == pytest.approx(1001 * MIB)
    assert state_line(growth, "nobody") is None


def test_noise_outside_the_read_is_not_taken_for_growth(tmp_path: Path) -> None:
    (found,) = all_costs(load(store(tmp_path)), "speed")
    lines = frame_lines(found, "stm", until=math.inf)
    assert lines is not None
    for line in lines:
        assert (line.start, line.slope) == (pytest.approx(0.040), pytest.approx(0.001))
    filling = frame_lines(found, "stm", until=50)
    assert filling is not None
    assert filling.likely.at(10_000) == pytest.approx(lines.likely.at(50))
    still = frame_lines(found, "gc", until=0)
    assert still is not None
    assert [line.start for line in still] == pytest.approx([0.040] * 3)
    assert {line.slope for line in still} == {0}
    assert frame_lines(found, "nobody", until=math.inf) is None


def test_on_a_gpu_the_seconds_are_the_device_s_and_no_core_s(tmp_path: Path) -> None:
    kept = Store(tmp_path, stamp=STAMP | {"device_name": "Slate"})
    cell = {"method": "gc", "device": "cuda:0", **COMMON}
    kept.append(Cell(harness="speed", protocol="a clock", **cell), speed(0))
    kept.append(Cell(harness="growth", protocol="measured", **cell), state(0))
    _, methods = tables(load(tmp_path), AMOUNT)
    gc = row(methods, "gc")
    assert gc["network"] == pytest.approx(2966.4 / YEAR)  # wall, whatever the host's threads
    assert "Network (GPU years)" in [column.header for column in methods.columns]
    assert (gc["days"], gc["workers"]) == (None, None)
    assert "do not apply" in methods.notes[-1]


def test_the_sum_along_a_line_is_the_sum_of_its_points() -> None:
    for until in (math.inf, 60, 20, 1, 0):
        line = Line(3.0, 0.5, until)
        assert line.total(1, 49) == pytest.approx(sum(line.at(t) for t in range(1, 50)))
    fitted = Line.through(np.array([1.0, 2, 3]), np.array([4.0, 6, 8]))
    assert (fitted.start, fitted.slope) == (pytest.approx(2), pytest.approx(2))
    assert Line.through(np.array([1.0]), np.array([4.0])) == Line(4, 0)


def test_twice_the_hours_are_twice_the_work_and_longer_clips_cost_a_growing_memory_more(
    tmp_path: Path,
) -> None:
    evidence = load(with_rates(store(tmp_path)))

    def network(hours: float, clip: float, method: str) -> float:
        amount = Amount(hours=hours, fps=10, clip=clip, cores=8)
        return float(str(row(tables(evidence, amount)[1], method)["network"]))

    assert network(4, 5, "stm") == pytest.approx(2 * network(2, 5, "stm"))
    assert network(2, 50, "stm") > 3 * network(2, 5, "stm")
    assert network(2, 50, "gc") < network(2, 5, "gc")  # fewer of the dear first frames


@pytest.mark.parametrize("wrong", [{"hours": 0}, {"fps": -1}, {"clip": 0.1}, {"cores": 0}])
def test_amounts_of_nothing_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="expected numbers above 0"):
        Amount(**({"hours": 1, "fps": 10, "clip": 5, "cores": 1} | wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [
    {"hours": math.inf}, {"hours": math.nan}, {"fps": math.inf}, {"clip": math.nan},
    {"hours": 1e308},
])  # fmt: skip
def test_amounts_without_end_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="expected finite numbers"):
        Amount(**({"hours": 1, "fps": 10, "clip": 5, "cores": 1} | wrong))  # type: ignore[arg-type]


def test_a_store_without_speed_or_in_another_unit_is_refused(tmp_path: Path) -> None:
    fabricate(tmp_path / "plain", harnesses=("accuracy",))
    with pytest.raises(DataError, match="no speed and growth of one setting; expected both"):
        tables(load(tmp_path / "plain"), AMOUNT)
    with pytest.raises(DataError, match="frame_seconds in ms; expected s"):
        tables(load(store(tmp_path / "other", unit="ms")), AMOUNT)


def test_what_reading_costs_is_no_method_of_the_page(tmp_path: Path) -> None:
    before = load(store(tmp_path))
    after = load(with_rates(tmp_path))
    assert after.labels == before.labels == ["gc", "stm"]
    assert len(after.rows) == len(before.rows)


def test_the_verb_prints_both_tables_and_measures_reading_where_it_is_given_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:

    data = tmp_path / "data"
    for part, mode in (("JPEGImages", "RGB"), ("Annotations", "L")):
        (data / part / "480p" / "bear").mkdir(parents=True)
        suffix = "jpg" if mode == "RGB" else "png"
        for t in range(3):
            image = Image.new(mode, (32, 24), 1 if mode == "L" else (9, 99, 9))
            image.save(data / part / "480p" / "bear" / f"{t:05}.{suffix}")
    size = np.mean([p.stat().st_size for p in data.rglob("*.jpg")])
    command = ["plan", str(store(tmp_path / "store")), "--hours", "2", "--fps", "10", "--clip", "5"]
    app([*command, "--data", f"davis2017={data}"], standalone_mode=False)
    printed = capsys.readouterr().out
    assert "72,000 frames in 1,440 clips" in printed
    assert f"{size / 1000:.3g} kB" in printed
    assert "davis2017 24x32" in printed
    assert "| gc |" in printed
    with pytest.raises(UsageError, match="its frames are in no files"):
        app([*command, "--data", "synthetic"], standalone_mode=False)


PAGE = Path(__file__).parents[2] / "docs" / "ten-thousand-hours.md"


@pytest.mark.skipif(not PAGE.is_file(), reason="the documentation is not part of this copy")
def test_the_page_shows_the_tables_as_they_are_printed_today(tmp_path: Path) -> None:
    printed = PAGE.read_text(encoding="utf-8").partition("<!-- The lines")[2]
    printed = printed.partition("<!-- end of the output")[0]
    amount = Amount(hours=10_000, fps=24, clip=14, cores=64)
    common, methods = tables(load(with_rates(store(tmp_path))), amount)
    assert f"**{common.title}**" in printed
    for table in (common, methods):
        assert f"| {' | '.join(column.header for column in table.columns)} |" in printed
    for what in common.rows:
        assert f"| {what['what']} | " in printed
    assert MISSING not in printed


@pytest.mark.parametrize(("bound", "far"), [(9.0, 9.0), (None, 6.0)])
def test_a_sawtooth_is_as_large_as_its_teeth_and_grows_up_to_the_stated_bound(
    tmp_path: Path, bound: float | None, far: float
) -> None:
    kept = Store(tmp_path, stamp=STAMP)
    teeth = {1: 1, 10: 6, 50: 2, 60: 6, 80: 3, 100: 3}
    rows = [Row(None, t, "state_bytes", x, "byte") for t, x in teeth.items()]
    if bound is not None:
        rows.append(Row(None, None, "state_bound_bytes", bound, "byte"))
    cell = {"harness": "growth", "protocol": "measured", **COMMON}
    kept.append(Cell(method="xmem_lt", **cell), rows)
    (growth,) = all_costs(load(tmp_path), "growth")
    line = state_line(growth, "xmem_lt")
    assert line is not None
    assert line.at(90_000) == pytest.approx(far)
