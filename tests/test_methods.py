"""What GC and STM compute, and that they cost what the paper says."""

from __future__ import annotations

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
from vosbench.memory import Frame, KeyScope, Memory, state_bytes

torch.set_num_threads(1)
OBJECTS, KEY, VALUE, GRID = 3, 4, 6, (2, 3)


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
def test_stm_costs_what_table_1_of_the_gc_paper_says_but_for_the_affinity(
    stored: int, giga: float, mib: int
) -> None:
    memory = registry.build("stm", 128, 512)
    item = Frame(torch.zeros(1, 128, 24, 24), torch.zeros(1, 512, 24, 24),
                 torch.zeros(1, 1, 24, 24), 0, True)  # fmt: skip
    with torch.inference_mode():
        state, asked = written(memory, [item] * stored), torch.zeros(1, 128, 24, 24)
        with PeakBytes() as seen:
            macs = by_torch(partial(memory.read, state, asked))
    cost = memory.cost(stored, 576, 1)
    assert (cost.read_macs, cost.write_macs) == (macs, 0)
    assert macs == stored * 576 * 576 * 640
    assert round(macs / 1e9, 1) == giga
    assert state_bytes(state) == 4 * 576 * 640  # one frame, stored many times
    assert cost.state_bytes == 4 * stored * 576 * 640
    affinity = 4 * stored * 576 * 576  # the paper's read holds it and its softmax
    assert abs((cost.state_bytes + 2 * affinity) / MIB - mib) < 1
    readout = 4 * 512 * 576
    assert seen.peak - readout == cost.temporary_bytes
    assert cost.temporary_bytes < 5 * MIB  # ours at any t: the scores of three frames


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
