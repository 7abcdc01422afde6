"""What all linear methods share: a state that never grows, exact costs, float16, gradients."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch

from tests.methods.linear import LINEAR, ask, build, clip, converted, recall, stir, written
from vosbench import registry
from vosbench.errors import UsageError
from vosbench.harness.flops import by_torch
from vosbench.harness.tracker import PeakBytes
from vosbench.memory import Growth, KeyScope, WritePolicy, state_bytes, tensors

ALL = pytest.mark.parametrize("name", LINEAR)


@ALL
def test_a_linear_method_declares_a_constant_state_per_object_written_every_frame(
    name: str,
) -> None:
    cls = registry.get(name)
    assert (cls.growth, cls.key_scope) == (Growth.CONSTANT, KeyScope.PER_OBJECT)
    assert cls.policy == WritePolicy(every=1)


@ALL
def test_five_hundred_writes_leave_the_state_as_large_and_the_readout_bounded(name: str) -> None:
    memory = stir(build(name))
    items, asked = clip(memory, 20), ask(memory)
    state, sizes, peaks = None, set(), []
    with torch.inference_mode():
        for t in range(500):
            state = memory.write(state, items[t * 7 % 20]._replace(t=t))
            sizes.add(state_bytes(state))
            readout, _ = memory.read(state, asked)
            peaks.append(float(readout.abs().max()))
    assert sizes == {8 // 4 * memory.cost(500, 12, 2).state_bytes}
    assert max(peaks[100:]) < 2 * max(peaks[:100])
    assert all(x.isfinite().all() for x in tensors(state))


@ALL
@pytest.mark.parametrize(("key_dim", "value_dim"), [(16, 48), (24, 24), (48, 8)])
@pytest.mark.parametrize("objects", [1, 3])
@pytest.mark.parametrize("t", [1, 2, 4])
def test_the_cost_formula_is_exact_also_where_keys_are_wider_than_values(
    name: str, key_dim: int, value_dim: int, objects: int, t: int
) -> None:
    memory, grid = build(name, key_dim, value_dim).float(), (6, 9)
    items = converted(clip(memory, t, objects, grid), torch.float32)
    asked, cost = ask(memory, 1, grid).float(), memory.cost(t, 54, objects)
    with torch.inference_mode():
        kept = written(memory, items[:-1])
        assert by_torch(partial(memory.write, kept, items[-1])) == cost.write_macs
        live = memory.write(kept, items[-1])
        assert by_torch(partial(memory.read, live, asked)) == cost.read_macs
        assert state_bytes(live) == cost.state_bytes
        with PeakBytes() as seen:
            result = memory.read(live, asked)
        assert seen.peak - seen.live == pytest.approx(cost.temporary_bytes, rel=0.01)
        del result


def test_the_costs_at_the_papers_sizes_are_these() -> None:
    costs = {name: registry.build(name, 128, 512).cost(2, 576, 1) for name in LINEAR}
    gc = 576 * 128 * 512
    assert {n: c.read_macs for n, c in costs.items()} == {
        "delta": gc, "efficient_attention": gc, "gc_ema": gc, "livos": gc, "ssm": gc,
        "lowrank": 576 * 32 * 640,
    }  # fmt: skip
    assert {n: c.write_macs for n, c in costs.items()} == {
        "delta": gc + 576 * 128 * 128 + 128 * 128 * 512, "efficient_attention": gc, "gc_ema": gc,
        "livos": gc + 576 * 128 * 128, "ssm": 2 * gc, "lowrank": gc + 2 * 32 * 128 * 512,
    }  # fmt: skip
    assert {n: c.state_bytes // 1024 for n, c in costs.items()} == {
        "delta": 256, "efficient_attention": 256, "gc_ema": 256, "livos": 256, "ssm": 256,
        "lowrank": 80,
    }  # fmt: skip


@ALL
def test_half_precision_stays_finite_with_logits_that_overflow_its_exponential(name: str) -> None:
    memory = stir(build(name)).half()
    items = [f._replace(key=f.key * 30) for f in clip(memory, 4)]
    asked = ask(memory) * 30
    logits = items[0].key.flatten(2).mT @ asked.flatten(2)
    assert logits.max().half().exp().isinf()  # from 11.1 on
    readout = recall(memory, converted(items, torch.float16), asked.half())
    assert readout.dtype == torch.float16
    assert readout.isfinite().all()


@ALL
def test_half_precision_agrees_with_double_where_features_are_ordinary(name: str) -> None:
    memory = stir(build(name, rank=4) if name == "lowrank" else build(name))
    grid = (30, 54)  # 480p: a sum over space in float16 has to survive it
    items, asked = clip(memory, 4, grid=grid), ask(memory, grid=grid)
    exact = recall(memory, items, asked)
    memory.half()
    rough = recall(memory, converted(items, torch.float16), asked.half()).double()
    assert (rough - exact).norm() < 0.02 * exact.norm()


@ALL
def test_single_precision_stays_finite_with_features_of_all_zeros(name: str) -> None:
    memory = stir(build(name)).float()
    items = [
        f._replace(key=torch.zeros_like(f.key), value=torch.zeros_like(f.value))
        for f in converted(clip(memory, 3), torch.float32)
    ]
    leaves = [x.requires_grad_() for f in items for x in (f.key, f.value)]
    readout = recall(memory, items, torch.zeros(1, 4, 3, 4))
    readout.sum().backward()
    assert readout.isfinite().all()
    assert all(x.grad is None or x.grad.isfinite().all() for x in leaves)


@ALL
def test_gradients_reach_keys_values_the_query_and_every_parameter_from_the_start(
    name: str,
) -> None:
    memory = build(name)
    items, asked = clip(memory, 3), ask(memory).requires_grad_()
    leaves = [asked, *(x.requires_grad_() for f in items for x in (f.key, f.value))]
    recall(memory, items, asked).square().sum().backward()
    for leaf in [*leaves, *memory.parameters()]:
        assert leaf.grad is not None
        assert leaf.grad.isfinite().all()
        assert leaf.grad.abs().sum() > 0


@pytest.mark.parametrize("name", [n for n in LINEAR if n != "lowrank"])
def test_gradients_agree_with_finite_differences(name: str) -> None:
    memory = stir(build(name, 2, 3))
    items, asked = clip(memory, 2, 1, (1, 3)), ask(memory, 1, (1, 3))

    def run(*x: torch.Tensor) -> torch.Tensor:
        changed = [f._replace(key=x[2 * i], value=x[2 * i + 1]) for i, f in enumerate(items)]
        return recall(memory, changed, asked)

    leaves = [x.clone().requires_grad_() for f in items for x in (f.key, f.value)]
    assert torch.autograd.gradcheck(run, leaves)


@ALL
def test_objects_are_permuted_and_cut_apart_without_a_trace_after_training(name: str) -> None:
    memory = stir(build(name))
    items, asked, order = clip(memory, 4, 3), ask(memory), [2, 0, 1]
    whole = recall(memory, items, asked)

    def picked(index: list[int]) -> Any:
        chosen = [f._replace(key=f.key[index], value=f.value[index]) for f in items]
        return recall(memory, chosen, asked)

    torch.testing.assert_close(picked(order), whole[order], rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(picked([1]), whole[[1]], rtol=1e-10, atol=1e-12)


@ALL
def test_the_gain_takes_the_resolution_out_of_the_readout(name: str) -> None:
    memory = stir(build(name))
    small, asked = clip(memory, 3), ask(memory)
    large = [
        f._replace(key=f.key.repeat(1, 1, 2, 3), value=f.value.repeat(1, 1, 2, 3)) for f in small
    ]
    one = recall(memory, small, asked) / memory.gain(12)
    six = recall(memory, large, asked) / memory.gain(72)  # each location six times
    torch.testing.assert_close(one, six, rtol=1e-10, atol=1e-12)


@ALL
def test_the_same_frames_give_the_same_bits(name: str) -> None:
    one, two = (recall(stir(build(name)), clip(m, 5), ask(m)) for m in (build(name), build(name)))
    assert torch.equal(one, two)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("gc_ema", {"rate": 0}), ("gc_ema", {"rate": 1.1}), ("gc_ema", {"rate": float("nan")}),
        ("delta", {"rate": 0}), ("delta", {"rate": 2}), ("livos", {"keep": 1}),
        ("livos", {"keep": 0}), ("ssm", {"rate": 1}), ("ssm", {"rate": -0.1}),
        ("lowrank", {"rank": 0}), ("lowrank", {"rank": 5}), ("lowrank", {"rank": 2.0}),
        ("lowrank", {"rank": True}), ("gc_ema", {"rate": "fast"}),
    ],
)  # fmt: skip
def test_a_parameter_out_of_range_is_refused_in_one_line(name: str, given: Any) -> None:
    with pytest.raises(UsageError, match=f"method {name} refuses") as caught:
        registry.build(name, 4, 6, **given)
    assert "\n" not in str(caught.value)
