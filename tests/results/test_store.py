import math
import os
import subprocess
import sys
import warnings
import zlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vosbench.errors import DataError
from vosbench.results import Cell, DamagedRecordWarning, Row, Store
from vosbench.results.lines import DamagedLineError, decode, encode

STAMP = {"vosbench": "9.9", "machine": "abacus", "device_name": "beads"}


def cell(sequence="camel", **fields):
    return Cell(harness="accuracy", method="gc", sequence=sequence, **fields)


def rows(value=0.5):
    return [Row(1, 3, "J", value, "1"), Row(None, None, "fps", 2.0, "1/s")]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path, stamp=STAMP)


def values(store):
    frame = store.frame().query("metric == 'J'")
    return dict(zip(frame.sequence, frame.value, strict=True))


def test_what_was_appended_comes_back_with_every_field(store):
    full = Cell(
        harness="speed", method="<b>", parameters={"k": 3}, preset="mini", weights="0123456789ab",
        dataset="davis2017", sequence="köln", size="480x854", objects=2, seed=7, device="cuda",
        precision="bfloat16", protocol="a clock", tool="other",
    )  # fmt: skip
    store.append(full, rows())
    frame = Store(store.folder).frame()
    assert len(frame) == 2
    assert store.cells() == [full]
    for name in Cell.__dataclass_fields__:
        assert set(frame[name]) == {getattr(full, name)}, name
    assert set(frame.machine) == {"abacus"}
    assert set(frame.torch) == {"unknown"}
    assert frame.object.tolist() == [1, pd.NA]
    assert frame.t.tolist() == [3, pd.NA]
    assert frame.metric.tolist() == ["J", "fps"]
    assert frame.value.tolist() == [0.5, 2.0]
    assert frame.unit.tolist() == ["1", "1/s"]


def test_the_time_of_each_append_is_noted_in_utc(store):
    store.append(cell(), rows())
    noted = pd.Timestamp(store.frame().time[0])
    assert abs((pd.Timestamp.now("UTC") - noted).total_seconds()) < 60


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.floats(allow_infinity=False)
a_row = st.builds(
    Row, st.none() | st.integers(0, 99), st.none() | st.integers(0, 9999), names, numbers, names
)


@given(st.lists(a_row, max_size=5), names, st.integers(-9, 2**62))
def test_any_row_survives_the_way_to_disk_and_back_bit_for_bit(some, sequence, seed):
    line = encode(cell(sequence, seed=seed), STAMP, some)
    assert line.count(b"\n") == 1
    back = decode(line[:-1])
    assert back.cell == cell(sequence, seed=seed)
    for one, two in zip(some, back.rows, strict=True):
        assert one._replace(value=0.0) == two._replace(value=0.0)
        assert np.float64(one.value).tobytes() == np.float64(two.value).tobytes() or (
            math.isnan(one.value) and math.isnan(two.value)
        )


@given(st.data())
def test_no_changed_byte_goes_unnoticed(data):
    line = bytearray(encode(cell(), STAMP, rows())[:-1])
    at = data.draw(st.integers(0, len(line) - 1))
    line[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DamagedLineError):
        decode(bytes(line))


def test_numbers_of_numpy_are_stored_as_plain_numbers(store):
    store.append(cell(), [Row(np.uint8(1), np.int64(3), "J", np.float32(0.25), "1")])
    assert store.frame().value.tolist() == [0.25]


def test_the_latest_line_of_a_cell_wins(store):
    store.append(cell("a"), rows(0.1))
    store.append(cell("b"), rows(0.2))
    store.append(cell("a"), rows(0.3))
    assert values(store) == {"a": 0.3, "b": 0.2}
    assert len(store) == 2


def test_a_failed_cell_is_retried_and_success_clears_the_failure(store):
    store.append_failure(cell(), "out of\nmemory")
    assert not store.has(cell())
    assert store.failed(cell())
    assert store.failures().error.tolist() == ["out of memory"]
    assert store.frame().empty
    store.append(cell(), rows())
    assert store.has(cell())
    assert not store.failed(cell())
    assert store.failures().empty


def test_the_traceback_of_a_failure_comes_back_line_by_line(store):
    store.append_failure(cell("a"), "ValueError: no", "Traceback:\n  line 1\nValueError: no\n")
    store.append_failure(cell("b"), "gone")
    assert store.failures().traceback.tolist() == ["Traceback:\n  line 1\nValueError: no\n", ""]
    assert store.error(cell("a")) == "ValueError: no"
    assert store.error(cell("c")) is None


def test_a_measurement_of_other_code_is_stale_until_it_is_measured_again(store):
    store.append(cell(), rows(0.1), {**STAMP, "source": "aaaaaaaaaaaa"})
    assert store.has(cell())
    assert store.has(cell(), "aaaaaaaaaaaa")
    assert not store.has(cell(), "bbbbbbbbbbbb")
    store.append(cell(), rows(0.2), {**STAMP, "source": "bbbbbbbbbbbb"})
    assert store.has(cell(), "bbbbbbbbbbbb")
    assert not store.has(cell(), "aaaaaaaaaaaa")
    assert values(store) == {"camel": 0.2}
    assert set(store.frame().source) == {"bbbbbbbbbbbb"}


def test_a_measurement_without_a_source_counts_for_no_code(store):
    store.append(cell(), rows())
    assert store.has(cell())
    assert not store.has(cell(), "aaaaaaaaaaaa")


def test_an_empty_store_has_all_columns_and_nothing_is_created(tmp_path):
    store = Store(tmp_path / "none")
    assert not store.has(cell())
    assert {"method", "machine", "value"} <= set(store.frame())
    assert {"method", "error"} <= set(store.failures())
    assert not (tmp_path / "none").exists()


def test_has_sees_what_another_store_object_appended(store):
    assert not store.has(cell())
    Store(store.folder, stamp=STAMP).append(cell(), rows())
    assert store.has(cell())


def test_a_deleted_file_is_noticed(store):
    store.append(cell(), rows())
    assert store.has(cell())
    store.path.unlink()
    assert not store.has(cell())


def test_a_torn_last_line_is_skipped_with_a_warning_and_the_next_append_is_whole(store):
    store.append(cell("a"), rows())
    store.append(cell("b"), rows())
    store.path.write_bytes(store.path.read_bytes()[:-25])
    fresh = Store(store.folder, stamp=STAMP)
    with pytest.warns(DamagedRecordWarning, match="line 2: torn"):
        assert not fresh.has(cell("b"))
    assert fresh.has(cell("a"))
    fresh.append(cell("b"), rows(0.9))
    assert values(fresh) == {"a": 0.5, "b": 0.9}
    assert fresh.damaged == ["line 2: torn, its end was never written"]
    with pytest.warns(DamagedRecordWarning, match="line 2: check sum"):
        assert values(Store(store.folder)) == {"a": 0.5, "b": 0.9}


@pytest.mark.parametrize("kept", [0, 1, 40, -1])
def test_a_line_torn_anywhere_loses_only_itself(store, kept):
    store.append(cell("a"), rows())
    line = encode(cell("b"), STAMP, rows())
    with store.path.open("ab") as file:
        file.write(line[:kept])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DamagedRecordWarning)
        store.append(cell("c"), rows())
        # Cut just before its newline, the line is whole: the next append ends it.
        assert set(values(Store(store.folder))) == {"a", "c"} | ({"b"} if kept == -1 else set())


def test_a_damaged_line_in_the_middle_is_named_and_the_rest_is_read(store):
    for name in "abc":
        store.append(cell(name), rows())
    lines = store.path.read_bytes().split(b"\n")
    lines[1] = lines[1].replace(b"0.5", b"0.6")
    store.path.write_bytes(b"\n".join(lines))
    fresh = Store(store.folder)
    with pytest.warns(DamagedRecordWarning, match=r"records\.jsonl, line 2: check sum"):
        assert set(values(fresh)) == {"a", "c"}
    assert fresh.damaged == ["line 2: check sum does not fit"]


def test_bytes_that_are_no_text_at_all_are_skipped(store):
    store.path.write_bytes(bytes(range(256)) + b"\n\n[]\n")
    store.append(cell(), rows())
    with pytest.warns(DamagedRecordWarning):
        assert store.has(cell())


def test_a_line_of_a_later_format_is_skipped_and_said(store, monkeypatch):
    monkeypatch.setattr("vosbench.results.lines.FORMAT", 2)
    store.append(cell(), rows())
    monkeypatch.undo()
    with pytest.warns(DamagedRecordWarning, match="format 2, this vosbench reads 1"):
        assert not store.has(cell())


def test_a_whole_line_whose_fields_this_version_refuses_loses_only_itself(store):
    body = encode(cell(), STAMP, rows())[: -len(',"crc":"00000000"}\n')]
    body = body.replace(b'"weights":"', b'"weights":"step 5')
    store.append(cell("first"), rows())
    with store.path.open("ab") as file:
        file.write(body + b',"crc":"%08x"}\n' % zlib.crc32(body))
    store.append(cell("last"), rows())
    with pytest.warns(DamagedRecordWarning, match="line 2: fields do not fit"):
        assert values(store) == {"first": 0.5, "last": 0.5}


def test_an_unwritable_store_says_so_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written") as caught:
        Store(tmp_path / "file", stamp=STAMP).append(cell(), rows())
    assert "\n" not in str(caught.value)


def test_a_short_write_leaves_the_file_as_it_was(store, monkeypatch):
    store.append(cell("a"), rows())
    before = store.path.read_bytes()
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, data[:20]))
    with pytest.raises(DataError, match="the disk is full"):
        store.append(cell("b"), rows())
    monkeypatch.undo()
    assert store.path.read_bytes() == before


FULL = """
import resource, sys
from vosbench.errors import DataError
from vosbench.results import Cell, Row, Store
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
store = Store(sys.argv[1], stamp={})
try:
    for number in range(1000):
        many = [Row(1, t, "J", 0.5, "1") for t in range(number)]
        store.append(Cell(harness="accuracy", method="gc", seed=number), many)
        print(number, flush=True)
except DataError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files there")
def test_a_disk_that_fills_up_is_one_line_and_what_is_stored_stays_whole(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True
    )
    *numbers, error = done.stdout.splitlines()
    assert len(numbers) > 5
    assert "cannot be written: the disk is full" in error
    store = Store(tmp_path, stamp=STAMP)  # a torn line would warn, and warnings are errors
    assert [one.seed for one in store.cells()] == [int(number) for number in numbers]
    store.append(cell("next"), rows())  # and there is room again
    assert store.has(cell("next"))
