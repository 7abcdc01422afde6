"""The contract of every registered memory, and what GC and STM compute."""

from __future__ import annotations

import copy
import math
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from vosbench import registry
from vosbench.harness.flops import by_torch
from vosbench.harness.tracker import PeakBytes
from vosbench.memory import Frame, Growth, KeyScope, Memory, state_bytes, tensors

torch.set_num_threads(1)
OBJECTS, KEY, VALUE, GRID = 3, 4, 6, (2, 3)
EVERY = pytest.mark.parametrize("name", list(registry.methods()))


def build(name: str, key_dim: int = KEY, value_dim: int = VALUE) -> Memory:
    torch.manual_seed(0)
    return registry.build(name, key_dim, value_dim).double().eval()


def frames(
    memory: Memory, count: int, grid: tuple[int, int] = GRID, objects: int = OBJECTS
) -> list[Frame]:
    """Random frames, float64."""
    source = torch.Generator().manual_seed(7)
    keys = 1 if memory.key_scope is KeyScope.SHARED else objects

    def draw(n: int, channels: int) -> Tensor:
        return torch.randn(n, channels, *grid, generator=source, dtype=torch.float64)

    return [
        Frame(draw(keys, memory.key_dim), draw(objects, memory.value_dim),
              draw(objects, 1).sigmoid(), t, t == 0)
        for t in range(count)
    ]  # fmt: skip


def query(memory: Memory, grid: tuple[int, int] = GRID, objects: int = 1) -> Tensor:
    source = torch.Generator().manual_seed(8)
    return torch.randn(objects, memory.key_dim, *grid, generator=source, dtype=torch.float64)


def written(memory: Memory, items: list[Frame]) -> Any:
    state = None
    for item in items:
        state = memory.write(state, item)
    return state


def single(frame: Frame) -> Frame:
    return frame._replace(key=frame.key.float(), value=frame.value.float(), mask=frame.mask.float())


def same(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor):
        return torch.equal(a, b)
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


@EVERY
def test_a_readout_has_the_shape_the_interface_promises(name: str) -> None:
    memory = build(name)
    state = written(memory, frames(memory, 2))
    for objects in (1, OBJECTS):
        assert memory.read(state, query(memory, objects=objects))[0].shape == (OBJECTS, VALUE, 2, 3)


@EVERY
def test_a_query_shared_by_all_objects_reads_as_one_repeated_for_each(name: str) -> None:
    memory = build(name)
    state, shared = written(memory, frames(memory, 2)), query(memory)
    repeated = shared.repeat(OBJECTS, 1, 1, 1)
    assert torch.allclose(memory.read(state, shared)[0], memory.read(state, repeated)[0])


@EVERY
def test_writing_and_reading_leave_the_state_and_the_frame_untouched(name: str) -> None:
    memory = build(name)
    *first, last = frames(memory, 4)
    state = written(memory, first)
    before, item = copy.deepcopy(state), copy.deepcopy(last)
    after = memory.write(state, last)
    memory.read(after, query(memory))
    memory.read(state, query(memory))
    assert same(state, before)
    assert same(last, item)
    assert not same(after, before)


@EVERY
def test_permuting_the_objects_permutes_the_readout(name: str) -> None:
    memory = build(name)
    order = [2, 0, 1]
    items = frames(memory, 3)
    shared = memory.key_scope is KeyScope.SHARED
    moved = [
        f._replace(key=f.key if shared else f.key[order], value=f.value[order], mask=f.mask[order])
        for f in items
    ]
    plain = memory.read(written(memory, items), query(memory))[0]
    permuted = memory.read(written(memory, moved), query(memory))[0]
    assert torch.allclose(permuted, plain[order])
    assert not torch.allclose(permuted, plain)


@EVERY
def test_gradients_reach_every_key_value_and_the_query(name: str) -> None:
    memory = build(name)
    items, asked = frames(memory, 3), query(memory)
    leaves = [asked, *(f.key for f in items), *(f.value for f in items)]
    for leaf in leaves:
        leaf.requires_grad_()
    memory.read(written(memory, items), asked)[0].square().sum().backward()
    assert all(leaf.grad is not None and leaf.grad.abs().sum() > 0 for leaf in leaves)


@EVERY
def test_the_state_grows_as_declared_up_to_fifty_frames(name: str) -> None:
    memory = build(name)
    state, sizes = None, []
    for item in frames(memory, 50):
        state = memory.write(state, item)
        sizes.append(state_bytes(state))
    if memory.growth is Growth.CONSTANT:
        assert set(sizes) == {sizes[0]}
    elif memory.growth is Growth.LINEAR:
        assert sizes == [sizes[0] * t for t in range(1, 51)]
    else:
        assert sizes[-1] < 50 * sizes[0]


@EVERY
@pytest.mark.parametrize("t", [1, 2, 7])
@pytest.mark.parametrize("objects", [1, 3])
def test_the_cost_formula_agrees_with_what_is_counted(name: str, t: int, objects: int) -> None:
    memory, grid = build(name, 16, 32).float(), (6, 8)
    items = [single(f) for f in frames(memory, t, grid, objects)]
    kept = written(memory, items[:-1])
    asked = query(memory, grid).float()
    cost = memory.cost(t, 48, objects)
    with torch.inference_mode():
        assert by_torch(partial(memory.write, kept, items[-1])) == pytest.approx(
            cost.write_macs, rel=0.01
        )
        live = memory.write(kept, items[-1])
        assert by_torch(partial(memory.read, live, asked)) == pytest.approx(
            cost.read_macs, rel=0.01
        )
        assert state_bytes(live) == pytest.approx(cost.state_bytes, rel=0.01)
        with PeakBytes() as seen:
            result = memory.read(live, asked)
        assert seen.peak - seen.live == pytest.approx(cost.temporary_bytes, rel=0.01)
        del result


@EVERY
def test_large_features_give_finite_readouts_in_single_precision(name: str) -> None:
    memory = build(name).float()
    items = [single(f) for f in frames(memory, 3)]
    items = [f._replace(key=f.key * 1e4, value=f.value * 1e4) for f in items]
    readout, _ = memory.read(written(memory, items), query(memory).float() * 1e4)
    assert readout.isfinite().all()


@EVERY
def test_the_same_seed_and_frames_give_the_same_bits(name: str) -> None:
    one, two = (build(name) for _ in range(2))
    readouts = [m.read(written(m, frames(m, 5)), query(m))[0] for m in (one, two)]
    assert torch.equal(*readouts)


@EVERY
def test_a_method_says_where_it_comes_from_and_gains_something_positive(name: str) -> None:
    memory = build(name)
    assert "arXiv:" in memory.paper
    assert memory.gain(576) > 0
    assert list(tensors(written(memory, frames(memory, 1))))


@EVERY
def test_no_state_hides_on_the_module(name: str) -> None:
    memory = build(name)
    before = {k: v for k, v in vars(memory).items() if not k.startswith("_")}
    state = written(memory, frames(memory, 3))
    memory.read(state, query(memory))
    assert {k: v for k, v in vars(memory).items() if not k.startswith("_")} == before
    assert not list(memory.buffers())


def test_gc_is_the_mean_over_frames_of_stm_without_its_softmax() -> None:
    memory = build("gc")
    items, asked = frames(memory, 5), query(memory)
    per_frame = [
        torch.einsum("okm,kn,ovm->ovn", f.key.flatten(2), asked[0].flatten(1), f.value.flatten(2))
        for f in items
    ]
    expected = torch.stack(per_frame).mean(0).view(OBJECTS, VALUE, *GRID)
    readout, _ = memory.read(written(memory, items), asked)
    assert torch.allclose(readout, expected, rtol=1e-12, atol=1e-12)


def test_gc_equals_its_equations_written_as_loops() -> None:
    memory = build("gc", 2, 2)
    items, asked = frames(memory, 3, (1, 2), 1), query(memory, (1, 2))
    context = [[0.0, 0.0], [0.0, 0.0]]
    for t, f in enumerate(items, start=1):
        for k in range(2):
            for v in range(2):
                c = sum(float(f.key[0, k, 0, p] * f.value[0, v, 0, p]) for p in range(2))
                context[k][v] = (t - 1) / t * context[k][v] + c / t
    readout, _ = memory.read(written(memory, items), asked)
    for v in range(2):
        for p in range(2):
            r = sum(float(asked[0, k, 0, p]) * context[k][v] for k in range(2))
            assert float(readout[0, v, 0, p]) == pytest.approx(r, rel=1e-12)


def test_gc_does_not_care_in_which_order_frames_were_written() -> None:
    memory = build("gc")
    items = frames(memory, 6)
    one, two = written(memory, items), written(memory, items[::-1])
    assert torch.allclose(one.context, two.context, rtol=1e-12, atol=1e-12)


def test_stm_equals_the_attention_of_torch() -> None:
    memory = build("stm")
    items, asked = frames(memory, 4), query(memory)
    q = asked.flatten(2).mT.expand(OBJECTS, -1, -1)
    k, v = (torch.cat([x.flatten(2).mT for x in xs], 1)
            for xs in ([f.key for f in items], [f.value for f in items]))  # fmt: skip
    expected = scaled_dot_product_attention(q, k, v).mT.reshape(OBJECTS, VALUE, *GRID)
    readout, _ = memory.read(written(memory, items), asked)
    assert torch.allclose(readout, expected, rtol=1e-12, atol=1e-12)


def test_stm_equals_its_equations_written_as_loops() -> None:
    memory = build("stm", 2, 2)
    items, asked = frames(memory, 3, (1, 2), 1), query(memory, (1, 2))
    readout, _ = memory.read(written(memory, items), asked)
    stored = [(f, p) for f in items for p in range(2)]
    for p in range(2):
        weights = [
            math.exp(sum(float(f.key[0, k, 0, s] * asked[0, k, 0, p]) for k in range(2)) / 2**0.5)
            for f, s in stored
        ]
        for v in range(2):
            terms = (w * float(f.value[0, v, 0, s])
                     for w, (f, s) in zip(weights, stored, strict=True))  # fmt: skip
            expected = sum(terms) / sum(weights)
            assert float(readout[0, v, 0, p]) == pytest.approx(expected, rel=1e-12)


MIB = 2**20


@pytest.mark.parametrize(("stored", "giga", "mib"), [(1, 0.2, 4), (10, 2.1, 40), (100, 21.2, 394)])
def test_stm_costs_what_table_1_of_the_gc_paper_says(stored: int, giga: float, mib: int) -> None:
    memory = registry.build("stm", 128, 512)
    bank = torch.zeros(1, 128, stored * 24, 24), torch.zeros(1, 512, stored * 24, 24)
    with torch.inference_mode():
        # STM keeps locations, not frames: one frame as large as all of them is the same bank
        state = memory.write(None, Frame(*bank, torch.zeros(1, 1, stored * 24, 24), 0, True))
        with PeakBytes() as seen:
            macs = by_torch(partial(memory.read, state, torch.zeros(1, 128, 24, 24)))
    readout = 4 * 512 * 576
    assert macs == stored * 576 * 576 * 640
    assert round(macs / 1e9, 1) == giga
    assert abs((state_bytes(state) + seen.peak - readout) / MIB - mib) < 1
    cost = memory.cost(stored, 576, 1)
    assert (cost.read_macs, cost.write_macs) == (macs, 0)
    assert abs((cost.state_bytes + cost.temporary_bytes) / MIB - mib) < 1


@pytest.mark.parametrize("t", [1, 10, 100])
def test_gc_costs_what_table_1_of_the_gc_paper_says_at_any_t(t: int) -> None:
    memory = registry.build("gc", 128, 512)
    item = Frame(torch.ones(1, 128, 24, 24), torch.ones(1, 512, 24, 24),
                 torch.ones(1, 1, 24, 24), 0, False)  # fmt: skip
    with torch.inference_mode():
        state = None
        for _ in range(min(t, 3)):  # the state is the same from the first frame on
            state = memory.write(state, item)
        macs = by_torch(partial(memory.read, state, torch.ones(1, 128, 24, 24)))
    cost = memory.cost(t, 576, 1)
    assert macs == cost.read_macs == cost.write_macs == 576 * 128 * 512
    assert round(macs / 1e9, 2) == 0.04
    assert state_bytes(state) == cost.state_bytes == 128 * 512 * 4
    assert cost.state_bytes + cost.temporary_bytes <= MIB
