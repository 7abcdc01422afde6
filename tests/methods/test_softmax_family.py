"""What all methods that read by attention have in common."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import pytest
import torch

from tests.methods.support import FAMILY, build, frames, query, write
from vosbench import registry
from vosbench.harness.flops import by_torch
from vosbench.harness.tracker import PeakBytes
from vosbench.memory import Frame, Growth, KeyScope, Memory, state_bytes, tensors

SMALL: dict[str, dict[str, Any]] = {  # limits that 200 small frames reach
    "rmem": {"frames": 4},
    "xmem_lt": {"most": 4, "least": 2, "prototypes": 8, "long_term": 30},
    "afb_urr": {"budget": 50},
}
ALL = pytest.mark.parametrize("name", FAMILY)
READERS = pytest.mark.parametrize("name", [name for name in FAMILY if name != "none"])
BOUNDED = [name for name in FAMILY if registry.get(name).growth is not Growth.LINEAR]


def cast(items: list[Frame], dtype: torch.dtype) -> list[Frame]:
    return [f._replace(key=f.key.to(dtype), value=f.value.to(dtype), mask=f.mask.to(dtype))
            for f in items]  # fmt: skip


def check_cost(memory: Memory, t: int, grid: tuple[int, int], objects: int) -> None:
    """Read, write and state as counted, and temporary bytes as seen, within 1 %."""
    items = cast(frames(memory, t, grid, objects), torch.float32)
    asked, cost = query(memory, grid).float(), memory.cost(t, grid[0] * grid[1], objects)
    with torch.inference_mode():
        kept = write(memory, items[:-1])
        counted = by_torch(partial(memory.write, kept, items[-1]))
        assert counted == pytest.approx(cost.write_macs, rel=0.01)
        live = memory.write(kept, items[-1])
        assert state_bytes(live) == pytest.approx(cost.state_bytes, rel=0.01)
        counted = by_torch(partial(memory.read, live, asked))
        assert counted == pytest.approx(cost.read_macs, rel=0.01)
        with PeakBytes() as seen:
            result = memory.read(live, asked)
        temporary = seen.peak - seen.live
        assert temporary == pytest.approx(cost.temporary_bytes, rel=0.01)
        del result


@ALL
@pytest.mark.parametrize(
    ("t", "grid", "key_dim", "value_dim", "objects"),
    [(1, (6, 8), 16, 32, 1), (2, (6, 8), 16, 32, 3), (3, (5, 7), 32, 8, 3), (12, (6, 8), 16, 32, 1),
     (2, (18, 20), 16, 24, 2)],
)  # fmt: skip
def test_the_cost_is_what_is_counted(
    name: str, t: int, grid: tuple[int, int], key_dim: int, value_dim: int, objects: int
) -> None:
    check_cost(build(name, key_dim, value_dim).float(), t, grid, objects)


@pytest.mark.parametrize("t", [3, 4, 5, 6, 7, 12, 15, 16])
def test_the_cost_of_xmem_holds_at_every_consolidation_and_at_the_limit(t: int) -> None:
    memory = build("xmem_lt", 16, 32, most=4, least=2, prototypes=30, long_term=100)
    check_cost(memory.float(), t, (6, 8), 2)


@pytest.mark.parametrize("t", [2, 3, 4, 9])
def test_the_cost_of_afb_urr_holds_below_and_at_its_budget(t: int) -> None:
    check_cost(build("afb_urr", 24, 32, budget=100).float(), t, (6, 8), 2)


@pytest.mark.parametrize(("name", "dims"), [("stm_topk", (16, 32)), ("kmn", (16, 32))])
def test_temporary_bytes_do_not_grow_with_the_number_of_frames(
    name: str, dims: tuple[int, int]
) -> None:
    """The affinity of the whole bank is the trap: at t = 600 it would be 600 frames' scores."""
    memory, grid = build(name, *dims).float(), (6, 8)
    peaks = []
    with torch.inference_mode():
        for t in (200, 600):  # a block of scores holds 170 frames
            state = write(memory, cast(frames(memory, t, grid), torch.float32))
            with PeakBytes() as seen:
                memory.read(state, query(memory, grid).float())
            peaks.append(seen.peak)
    assert peaks[1] < 1.1 * peaks[0]


@pytest.mark.parametrize("name", BOUNDED)
def test_a_bounded_state_stops_growing_within_250_writes(name: str) -> None:
    memory = build(name, 6, 3, **SMALL.get(name, {}))
    state, sizes = None, []
    for t, item in enumerate(frames(memory, 250)):
        state = memory.write(state, item)
        if t % 3 == 0:  # usage steers what stays
            _, state = memory.read(state, query(memory, seed=t))
        sizes.append(sum(x.numel() for x in tensors(state)))
    assert max(sizes[120:]) == max(sizes)  # it has not only just got there
    assert max(sizes[:120]) == max(sizes)
    if memory.growth is Growth.CONSTANT:
        assert len(set(sizes)) == 1


@pytest.mark.parametrize("name", [n for n in FAMILY if n not in BOUNDED])
def test_a_linear_state_grows_by_the_same_bytes_at_every_write(name: str) -> None:
    memory = build(name)
    state, sizes = None, []
    for item in frames(memory, 40, (4, 5)):
        state = memory.write(state, item)
        sizes.append(state_bytes(state))
    steps = {b - a for a, b in pairwise(sizes[1:])}
    assert len(steps) == 1
    assert steps.pop() > 0


@ALL
def test_an_object_that_appears_late_has_a_memory_that_fills_and_evicts_like_any_other(
    name: str,
) -> None:
    """Frame numbers start anywhere: the host gives late objects a state of their own."""
    memory = build(name, 6, 3, **SMALL.get(name, {}))
    early = frames(memory, 60)
    late = [f._replace(t=f.t + 1000, given=f.t == 0) for f in early]
    states = [None, None]
    for t, pair in enumerate(zip(early, late, strict=True)):
        states = [memory.write(s, f) for s, f in zip(states, pair, strict=True)]
        asked = query(memory, seed=t)
        (one, first), (two, second) = (memory.read(s, asked) for s in states)
        assert torch.allclose(one, two)
        states = [first, second]


@ALL
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_with_large_scores_is_read_as_by_float64(
    name: str, dtype: torch.dtype
) -> None:
    """Scores reach hundreds: exp of them overflows, and halves cannot hold their differences."""
    memory = build(name, 16, 4)
    items = frames(memory, 4)
    items = cast(cast([f._replace(key=f.key * 10) for f in items], dtype), torch.float64)
    asked = (query(memory) * 10).to(dtype)
    expected, _ = memory.read(write(memory, items), asked.double())
    low = memory.to(dtype)
    readout, _ = low.read(write(low, cast(items, dtype)), asked)
    assert readout.isfinite().all()
    if name != "rde":  # its memory frame is itself rounded: another key, another best match
        assert torch.allclose(readout.double(), expected, atol=0.05, rtol=0.05)


@READERS
@pytest.mark.parametrize("training", [False, True])
def test_gradients_of_what_is_remembered_agree_with_finite_differences(
    name: str, training: bool
) -> None:
    memory = build(name, 2, 2).train(training)
    items, asked = frames(memory, 3, (2, 2)), query(memory, (2, 2))
    leaves = [asked, *(f.key for f in items), *(f.value for f in items)]

    def read(asked: torch.Tensor, *parts: torch.Tensor) -> torch.Tensor:
        keys, values = parts[:3], parts[3:]
        again = [f._replace(key=k, value=v)
                 for f, k, v in zip(items, keys, values, strict=True)]  # fmt: skip
        return memory.read(write(memory, again), asked)[0]

    for leaf in leaves:
        leaf.requires_grad_()
    assert torch.autograd.gradcheck(read, leaves, fast_mode=True)


@ALL
def test_clips_in_place_of_objects_bring_keys_of_their_own_even_where_keys_are_shared(
    name: str,
) -> None:
    """In training every clip has its own key; each must be read as if it were alone."""
    memory = build(name, 4, 3, **SMALL.get(name, {}))
    source = torch.Generator().manual_seed(3)

    def draw(channels: int) -> torch.Tensor:
        return torch.randn(2, channels, 2, 3, generator=source, dtype=torch.float64)

    items = [Frame(draw(4), draw(3), draw(1).sigmoid(), t, t == 0) for t in range(3)]
    asked = draw(4)
    together, _ = memory.read(write(memory, items), asked)
    for i in range(2):
        alone = [Frame(f.key[[i]], f.value[[i]], f.mask[[i]], f.t, f.given) for f in items]
        assert torch.allclose(memory.read(write(memory, alone), asked[[i]])[0], together[[i]])


@ALL
def test_a_method_names_its_paper_its_growth_and_whose_its_keys_are(name: str) -> None:
    memory = build(name)
    shared = name in ("none", "stcn", "xmem_lt", "rde")
    assert (memory.key_scope is KeyScope.SHARED) == shared
    assert (memory.growth is Growth.CONSTANT) == (name in ("none", "first", "previous"))
    assert "arXiv:" in memory.paper
    assert memory.paper.split("arXiv:")[1][:10] in (type(memory).__module__ and _source(memory))


def _source(memory: Memory) -> str:
    import sys

    return sys.modules[type(memory).__module__].__doc__ or ""
