"""Costs counted on random features, against formulas, other counters and numbers in the paper."""

from __future__ import annotations

import pytest
import torch

from vosbench import registry
from vosbench.harness import flops, growth, table1
from vosbench.harness.features import Features
from vosbench.harness.settings import Settings
from vosbench.harness.subject import prepare
from vosbench.results import Row

METHODS = sorted(registry.methods())
EVERY = pytest.mark.parametrize("method", METHODS)
TIMES = (1, 2, 6)
SIZE = (48, 64)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def by_name(rows: list[Row]) -> dict[tuple[str, int | None], float]:
    return {(r.metric, r.t): r.value for r in rows}


def features(method: str, grid: tuple[int, int] = (3, 4), objects: int = 2) -> Features:
    return Features(registry.build(method, 16, 32).eval(), grid, objects)


@EVERY
@pytest.mark.parametrize("counter", ["fvcore", "torch"])
def test_each_counter_agrees_with_the_formula_of_a_memory_and_names_what_it_leaves_out(
    method: str, counter: str
) -> None:
    offered = features(method)
    policy = offered.memory.policy
    with torch.no_grad():
        rows = flops.memory_rows(offered, policy, counter, TIMES)
    counted = by_name(rows)
    formula = by_name(flops.memory_rows(offered, policy, "analytic", TIMES))
    assert len(formula) == 2 * len(TIMES)
    for key, value in formula.items():
        assert counted[key] == pytest.approx(value, rel=0.01), key
        assert counted[f"{key[0]}_ratio", key[1]] == pytest.approx(1, rel=0.01), key
    left_out = {r.metric.partition(":")[2]: r.unit for r in rows if ":" in r.metric}
    assert left_out.keys() <= flops.UNCOUNTED[counter].keys()
    assert set(left_out.values()) <= {"call"}


@pytest.mark.parametrize("method", ["gc", "stcn"])  # keys per object, and shared ones
def test_each_counter_agrees_with_the_formula_of_every_stage(method: str) -> None:
    subject = prepare(method, Settings(methods=(method,), weights="none"))
    formula, *others = (flops.measure(subject, c, SIZE, 2, TIMES) for c in flops.COUNTERS)
    assert len(formula) == 1 + 3 + 2 * len(TIMES)
    for rows in others:
        counted = by_name(rows)
        for key, value in by_name(formula).items():
            assert counted[key] == pytest.approx(value, rel=0.01), key
        for name in ("encode_macs", "memory_encode_macs", "decode_macs"):
            assert counted[name, None] > 0
        assert {"decode_uncounted:relu", "encode_uncounted:add"} <= {r.metric for r in rows}


def test_the_stages_around_the_memory_scale_with_size_and_objects() -> None:
    subject = prepare("gc", Settings(methods=("gc",), weights="none"))
    found = {
        case: by_name(flops.measure(subject, "analytic", *case, (1,)))
        for case in (((32, 48), 1), ((32, 48), 3), ((64, 96), 1))
    }
    one, three, larger = found.values()
    assert three["encode_macs", None] == one["encode_macs", None]
    assert three["memory_encode_macs", None] == 3 * one["memory_encode_macs", None]
    assert three["read_macs", 1] == 3 * one["read_macs", 1]
    assert one["decode_macs", None] < three["decode_macs", None] < 3 * one["decode_macs", None]
    assert {k: v * 4 for k, v in one.items() if k[0] != "parameters"} == {
        k: v for k, v in larger.items() if k[0] != "parameters"
    }


def test_cases_are_more_objects_and_other_sizes_two_of_them_counted_too() -> None:
    alone = ("analytic",)
    assert flops.cases((480, 864)) == (
        ((480, 864), 1, alone), ((480, 864), 2, alone), ((480, 864), 3, flops.COUNTERS),
        ((480, 864), 5, alone), ((240, 432), 1, flops.COUNTERS), ((720, 1280), 1, alone),
    )  # fmt: skip


@EVERY
def test_measured_growth_is_what_the_formula_says(method: str) -> None:
    offered, grid = features(method), (3, 4)
    policy = offered.memory.policy
    with torch.inference_mode():
        measured = by_name(growth.track(offered, policy, TIMES))
    analytic = by_name(growth.formula(offered.memory, policy, grid, 2, TIMES))
    assert len(analytic) == 2 * len(TIMES)
    for key, value in analytic.items():
        assert measured[key] == pytest.approx(value, rel=0.01), key


@EVERY
def test_a_method_grows_as_it_declares_up_to_three_hundred_frames(method: str) -> None:
    offered = features(method, (1, 2), objects=1)
    with torch.inference_mode():  # `track` holds constant and bounded ones to their word
        rows = growth.track(offered, offered.memory.policy, (1, 50, 100, 200, 300))
    found = {r.metric: r.value for r in rows if r.t is None}
    if offered.memory.growth == "linear":
        assert found["state_growth_exponent"] == pytest.approx(1, abs=0.15)


def test_a_limit_ends_stm_and_leaves_gc_running() -> None:
    limit = 100_000
    for method, ends in (("stm", True), ("gc", False)):
        settings = Settings(methods=(method,), weights="none", memory_limit=limit)
        subject = prepare(method, settings)
        protocol = growth.protocols(settings)[0]
        rows = by_name(growth.measure(subject, protocol, (32, 48), 1, growth.times(200)))
        assert (("ends_at_t", None) in rows) == ends
        assert max(value for (name, _), value in rows.items() if name == "peak_bytes") <= limit


@pytest.fixture
def _ten_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table1, "FRAMES", (1, 10))


@pytest.mark.usefixtures("_ten_frames")
def test_table_1_gives_the_numbers_of_the_paper() -> None:
    # The paper prints 40 MiB for STM at t = 10 and 394 at t = 100, which are 39.4 and 393.75 here.
    rows = by_name(table1.measure("stm"))
    for t, giga_macs, mebibytes in ((1, 0.2, 4), (10, 2.1, 39)):
        assert round(rows["read_macs", t] / 1e9, 1) == giga_macs
        whole = rows["state_bytes", t] + rows["naive_read_temporary_bytes", t]
        assert round(whole / 2**20) == mebibytes


@pytest.mark.usefixtures("_ten_frames")
def test_table_1_gives_a_context_of_a_quarter_of_a_mebibyte_where_the_paper_prints_one() -> None:
    rows = by_name(table1.measure("gc"))
    for t in (1, 10):
        assert round(rows["read_macs", t] / 1e9, 2) == 0.04
        temporary = max(rows["read_temporary_bytes", t], rows["write_temporary_bytes", t])
        assert rows["state_bytes", t] == 2**18
        assert 2**18 + temporary <= 2**20


def test_the_last_column_of_table_1_follows_from_the_formula() -> None:
    cost = registry.build("stm", 128, 512).cost(100, 24 * 24, 1)
    assert round(cost.read_macs / 1e9, 1) == 21.2
    assert table1.naive_bytes(100) == 2 * 4 * 100 * 576 * 576  # the affinity and its softmax
    assert round((cost.state_bytes + table1.naive_bytes(100)) / 2**20) == 394


def test_the_cells_of_table_1_name_what_they_are_of() -> None:
    cell = table1.cell("gc")
    assert (cell.method, cell.dataset, cell.size, cell.objects) == ("gc", "table1", "384x384", 1)
