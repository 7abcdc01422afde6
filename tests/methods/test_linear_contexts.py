"""gc_ema, lowrank and efficient_attention against loops, numbers by hand and each other."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.methods.linear import ask, build, clip, columns, frame, recall, row, written


def loops(keys: Tensor, values: Tensor) -> list[list[float]]:
    """K^T V of one object, (key_dim, value_dim)."""
    k, v = columns(keys), columns(values)
    return [
        [sum(a[i] * b[j] for a, b in zip(k, v, strict=True)) for j in range(len(v[0]))]
        for i in range(len(k[0]))
    ]


def distribute(context: list[list[float]], query: Tensor) -> Tensor:
    """R (value_dim, h, w) of one object, by loops."""
    out = [[sum(q[i] * c[j] for i, c in enumerate(context)) for j in range(len(context[0]))]
           for q in columns(query)]  # fmt: skip
    return torch.tensor(out, dtype=torch.float64).T.reshape(-1, *query.shape[1:])


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9, 1.0])
def test_gc_ema_equals_its_equations_written_as_loops(rate: float) -> None:
    memory = build("gc_ema", rate=rate)
    items, asked = clip(memory, 5), ask(memory)
    readout = recall(memory, items, asked)
    for o in range(2):
        mean: list[list[float]] | None = None
        for f in items:
            c = loops(f.key[o], f.value[o])
            mean = c if mean is None else [
                [(1 - rate) * a + rate * b for a, b in zip(x, y, strict=True)]
                for x, y in zip(mean, c, strict=True)
            ]  # fmt: skip
        assert mean is not None
        torch.testing.assert_close(readout[o], distribute(mean, asked[0]), rtol=1e-12, atol=1e-12)


def test_gc_ema_at_rate_one_is_gc_with_the_last_frame_alone_to_the_bit() -> None:
    memory, gc = build("gc_ema", rate=1), build("gc")
    items, asked = clip(memory, 6), ask(memory)
    assert torch.equal(recall(memory, items, asked), recall(gc, items[-1:], asked))
    assert memory.gain(12) == gc.gain(12)


def test_gc_ema_weighs_one_frame_as_gc_and_a_still_video_too() -> None:
    memory, gc = build("gc_ema"), build("gc")
    items, asked = clip(memory, 1), ask(memory)
    assert torch.equal(recall(memory, items, asked), recall(gc, items, asked))
    still = recall(memory, items * 50, asked)  # the weights sum to 1 at any t
    torch.testing.assert_close(still, recall(gc, items, asked), rtol=1e-12, atol=1e-12)


def test_gc_ema_of_three_numbers_by_hand() -> None:
    memory = build("gc_ema", 1, 1, rate=0.25)
    items = [frame([[1, 2]], [[3, 4]]), frame([[1, 0]], [[7, 9]]), frame([[2, 2]], [[1, -1]])]
    # C: 1*3 + 2*4 = 11, 7, 0; G: 11, 8.25 + 1.75 = 10, 7.5; read by 2: 15
    assert recall(memory, items, row([[2]])).item() == 15


def test_lowrank_at_full_rank_equals_gc() -> None:
    for key_dim, value_dim in ((4, 6), (6, 4), (5, 5)):
        memory = build("lowrank", key_dim, value_dim, rank=min(key_dim, value_dim))
        gc = build("gc", key_dim, value_dim)
        items, asked = clip(memory, 12), ask(memory)
        one, two = recall(memory, items, asked), recall(gc, items, asked)
        torch.testing.assert_close(one, two, rtol=1e-10, atol=1e-10)
        assert memory.gain(12) == gc.gain(12)


def test_lowrank_at_full_rank_has_the_gradients_of_gc() -> None:
    found = []
    for name, given_ in (("lowrank", {"rank": 4}), ("gc", {})):
        memory = build(name, **given_)
        items, asked = clip(memory, 3), ask(memory)
        leaves = [x.requires_grad_() for f in items for x in (f.key, f.value)]
        recall(memory, items, asked).square().sum().backward()
        found.append([x.grad for x in leaves])
    torch.testing.assert_close(*found, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_lowrank_of_one_frame_is_the_nearest_matrix_of_its_rank(rank: int) -> None:
    memory = build("lowrank", rank=rank)
    items = clip(memory, 1)
    state = written(memory, items)
    exact = items[0].key.flatten(2) @ items[0].value.flatten(2).mT
    squares = torch.linalg.eigvalsh(exact @ exact.mT)  # ascending; Eckart and Young: what is left
    error = (exact - state.basis @ state.rows).square().sum((1, 2))
    torch.testing.assert_close(error, squares[:, : 4 - rank].sum(1), rtol=1e-9, atol=1e-9)
    assert torch.linalg.matrix_rank(state.basis @ state.rows).tolist() == [rank, rank]


def test_lowrank_truncates_the_running_mean_after_every_frame() -> None:
    memory = build("lowrank", rank=2)
    items = clip(memory, 6, 1)
    mean = torch.zeros(4, 6, dtype=torch.float64)
    for t, f in enumerate(items, start=1):
        mean = (t - 1) / t * mean + f.key[0].flatten(1) @ f.value[0].flatten(1).T / t
        u, s, vt = torch.linalg.svd(mean)
        mean = u[:, :2] @ s[:2].diag() @ vt[:2]
    state = written(memory, items)
    torch.testing.assert_close(state.basis[0] @ state.rows[0], mean, rtol=1e-9, atol=1e-9)
    eye = torch.eye(2, dtype=torch.float64)
    torch.testing.assert_close(state.basis[0].T @ state.basis[0], eye, rtol=1e-9, atol=1e-9)


def test_lowrank_loses_nothing_where_the_context_has_no_higher_rank() -> None:
    memory, gc = build("lowrank", rank=1), build("gc")
    asked = ask(memory, grid=(1, 1))
    items = clip(memory, 1, grid=(1, 1)) * 5  # one location: rank 1
    one, two = recall(memory, items, asked), recall(gc, items, asked)
    torch.testing.assert_close(one, two, rtol=1e-10, atol=1e-10)


def test_lowrank_keeps_only_its_factors_alive() -> None:
    for objects in (1, 3):  # a sliced basis of one object and rank 1 would pass for contiguous
        memory = build("lowrank", 8, 8, rank=1)
        state = written(memory, clip(memory, 2, objects))
        held = sum(x.untyped_storage().nbytes() for x in state[:2])
        assert held == 8 * objects * 1 * (8 + 8)


def test_efficient_attention_equals_its_equations_written_as_loops() -> None:
    memory = build("efficient_attention")
    items, asked = clip(memory, 4), ask(memory)
    readout = recall(memory, items, asked)
    for o in range(2):
        mean = [[0.0] * 6 for _ in range(4)]
        for f in items:
            k, v = columns(f.key[o]), columns(f.value[o])
            for i in range(4):
                e = [math.exp(x[i]) for x in k]
                for j in range(6):
                    c = sum(w * x[j] for w, x in zip(e, v, strict=True)) / sum(e)
                    mean[i][j] += c / len(items)
        for p, q in enumerate(columns(asked[0])):
            w = [math.exp(x) for x in q]
            for j in range(6):
                expected = sum(w[i] * mean[i][j] for i in range(4)) / sum(w)
                assert float(readout[o, j].flatten()[p]) == pytest.approx(expected, rel=1e-12)


def test_efficient_attention_of_two_locations_by_hand() -> None:
    memory = build("efficient_attention", 2, 1)
    three = math.log(3)
    item = frame([[0, 0], [0, three]], [[4, 8]])
    # channel 0: (4 + 8) / 2 = 6; channel 1: (4 + 3 * 8) / 4 = 7; query (3 : 1): 6.25
    assert recall(memory, [item], row([[three], [0]])).item() == pytest.approx(6.25)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.01, 1e4), st.floats(0.01, 1e4), st.integers(1, 9))
def test_efficient_attention_never_leaves_the_range_of_the_stored_values(
    keys: float, queries: float, count: int
) -> None:
    memory = build("efficient_attention")
    items = [f._replace(key=f.key * keys) for f in clip(memory, count)]
    values = torch.stack([f.value.flatten(2) for f in items])  # (frames, objects, value_dim, P)
    readout = recall(memory, items, ask(memory) * queries).flatten(2)
    assert (readout >= values.amin((0, 3))[..., None] - 1e-9).all()
    assert (readout <= values.amax((0, 3))[..., None] + 1e-9).all()
