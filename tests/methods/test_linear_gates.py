"""livos and ssm: learned gates, against the papers' forms written as loops."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.methods.linear import ask, build, clip, columns, frame, recall, row, stir, written
from vosbench.memory import Memory


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def softmax(x: list[float]) -> list[float]:
    e = [math.exp(v) for v in x]
    return [v / sum(e) for v in e]


def affine(conv: Any, x: list[float]) -> list[float]:
    """A 1x1 convolution at one location."""
    weight, bias = conv.weight.flatten(1).tolist(), conv.bias.tolist()
    return [b + sum(w * v for w, v in zip(ws, x, strict=True))
            for ws, b in zip(weight, bias, strict=True)]  # fmt: skip


def livos_by_loops(memory: Memory, items: Any, o: int, *, gated: bool = True) -> Any:
    """S (key_dim, value_dim) and z (key_dim) of one object, both as sums over space."""
    K, V = range(memory.key_dim), range(memory.value_dim)
    S, z = [[0.0 for _ in V] for _ in K], [0.0 for _ in K]
    for t, f in enumerate(items):
        k, v = columns(f.key[o].detach()), columns(f.value[o].detach())
        gates = [[sigmoid(a) for a in affine(memory.gate, x)] for x in k]
        phi = [softmax(x) for x in k]
        for i in K:
            g = sum(x[i] for x in gates) / len(gates) if t else 0.0
            z[i] = (g if gated else 1.0) * z[i] + sum(x[i] for x in phi)
            for j in V:
                S[i][j] = g * S[i][j] + sum(a[i] * b[j] for a, b in zip(phi, v, strict=True))
    return S, z


def test_livos_equals_its_equations_written_as_loops() -> None:
    memory = stir(build("livos"))
    items, asked = clip(memory, 5), ask(memory)
    readout = recall(memory, items, asked).flatten(2).detach()
    for o in range(2):
        S, z = livos_by_loops(memory, items, o)
        for p, q in enumerate(softmax(x) for x in columns(asked[0])):
            below = sum(a * b for a, b in zip(q, z, strict=True))
            for j in range(6):
                above = sum(q[i] * S[i][j] for i in range(4))
                assert float(readout[o, j, p]) == pytest.approx(above / below, rel=1e-10)


def test_the_state_of_livos_is_the_papers_state_over_its_normaliser() -> None:
    memory = stir(build("livos"))
    items = clip(memory, 4)
    state = written(memory, items)
    S, z = (torch.tensor(x, dtype=torch.float64) for x in livos_by_loops(memory, items, 1))
    torch.testing.assert_close(state.weight[1], z / 12, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(state.mean[1], S / z[:, None], rtol=1e-10, atol=1e-12)


def test_livos_gates_its_normaliser_as_it_gates_its_state() -> None:
    """The trap: with a normaliser that only grows, a video of one value would fade."""
    memory = build("livos", keep=0.5)
    items = [f._replace(value=torch.full_like(f.value, 3.0)) for f in clip(memory, 40)]
    asked = ask(memory)
    for t in (1, 2, 10, 40):
        readout = recall(memory, items[:t], asked)
        torch.testing.assert_close(readout, torch.full_like(readout, 3.0), rtol=1e-9, atol=1e-9)
    S, z = livos_by_loops(memory, items, 0, gated=False)
    assert S[0][0] / z[0] < 0.5  # what the trap would read instead of 3


def test_livos_of_two_frames_by_hand() -> None:
    memory = build("livos", 2, 1, keep=0.5)
    third = math.log(1 / 3)
    first, second = frame([[0], [0]], [[8]]), frame([[third], [0]], [[2]])
    # phi: (1/2, 1/2), then (1/4, 3/4); S: (4, 4), then 2 + 0.5 = 2.5 and 2 + 1.5 = 3.5
    # z: (0.5, 0.5), then 0.25 + 0.25 = 0.5 and 0.25 + 0.75 = 1; R = (2.5 + 3.5) / (0.5 + 1) = 4
    assert recall(memory, [first, second], row([[0], [0]])).item() == pytest.approx(4)


def test_the_gate_of_livos_starts_at_keep_everywhere() -> None:
    memory = build("livos", keep=0.8)
    state = written(memory, clip(memory, 1))
    item = clip(memory, 1, seed=9)[0]
    after = memory.write(state, item)
    new = item.key.softmax(1).mean((2, 3))
    torch.testing.assert_close(after.weight, 0.8 * state.weight + new, rtol=1e-6, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.01, 200), st.floats(0.01, 1e4), st.integers(1, 9), st.floats(0.01, 0.99))
def test_livos_never_leaves_the_range_of_its_values_and_zero(
    keys: float, queries: float, count: int, keep: float
) -> None:
    memory = build("livos", keep=keep)
    items = [f._replace(key=f.key * keys) for f in clip(memory, count)]
    values = torch.stack([f.value.flatten(2) for f in items])
    readout = recall(memory, items, ask(memory) * queries).flatten(2)
    assert (readout >= values.amin((0, 3)).clamp_max(0)[..., None] - 1e-9).all()
    assert (readout <= values.amax((0, 3)).clamp_min(0)[..., None] + 1e-9).all()


def test_livos_answers_a_query_for_a_channel_that_no_key_has_used() -> None:
    for kind in (torch.float32, torch.float16):
        memory = build("livos", 2, 1).to(kind)
        item = frame([[900.0], [-900.0]], [[5.0]])
        item = item._replace(key=item.key.to(kind), value=item.value.to(kind))
        asked = row([[-900.0, 900.0], [900.0, -900.0]]).to(kind)  # 0 / 0 as a plain quotient
        state = written(memory, [item] * 3)
        assert memory.read(state, asked)[0].flatten().tolist() == [0, 5]


def test_ssm_equals_its_equations_written_as_loops() -> None:
    memory = stir(build("ssm"))
    items, asked = clip(memory, 5), ask(memory)
    readout = recall(memory, items, asked).flatten(2).detach()
    A = memory.log_speed.exp().tolist()
    for o in range(2):
        S = [[0.0] * 6 for _ in range(4)]
        for t, f in enumerate(items):
            k, v = columns(f.key[o]), columns(f.value[o])
            D = [[math.log1p(math.exp(a)) for a in affine(memory.time, x)] for x in k]
            for j in range(6):
                d = sum(x[j] for x in D) / len(D)
                for i in range(4):
                    c = sum(a[i] * b[j] * s[j] / d for a, b, s in zip(k, v, D, strict=True)) / 12
                    keep = math.exp(-A[i][j] * d) if t else 0.0
                    S[i][j] = keep * S[i][j] + (1 - keep) * c
        for p, q in enumerate(columns(asked[0])):
            for j in range(6):
                expected = sum(q[i] * S[i][j] for i in range(4))
                assert float(readout[o, j, p]) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("rate", [0.1, 0.4])
def test_ssm_starts_as_gc_ema(rate: float) -> None:
    memory, ema = build("ssm", rate=rate), build("gc_ema", rate=rate)
    items, asked = clip(memory, 7), ask(memory)
    one, two = (recall(m, items, asked) / m.gain(12) for m in (memory, ema))
    torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-6)


def test_ssm_of_two_frames_by_hand() -> None:
    memory = build("ssm", 1, 1, rate=0.5)
    with torch.no_grad():
        memory.log_speed.fill_(math.log(2))  # decay (1 - 0.5)^2 = 0.25
    items = [frame([[1, 3]], [[4, 4]]), frame([[2, 2]], [[1, 3]])]
    # C: (4 + 12) / 2 = 8, (2 + 6) / 2 = 4; S: 8, 0.25 * 8 + 0.75 * 4 = 5; read by 2: 10
    assert recall(memory, items, row([[2]])).item() == pytest.approx(10)


def test_ssm_chooses_by_the_key_which_locations_and_frames_it_keeps() -> None:
    memory = build("ssm", 1, 1)
    with torch.no_grad():
        memory.time.weight.fill_(50)
        memory.time.bias.fill_(0)
    mixed = frame([[1, -1]], [[7, 100]])  # D: 50 and about 0: the second location is not seen
    assert written(memory, [mixed]).context.item() == pytest.approx(7)
    ignored = frame([[-1, -1]], [[100, 100]])
    assert written(memory, [mixed, ignored]).context.item() == pytest.approx(7)
    taken = frame([[1, 1]], [[2, 2]])
    assert written(memory, [mixed, taken]).context.item() == pytest.approx(2)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.01, 100), st.integers(1, 9), st.floats(-5, 5))
def test_no_entry_of_ssm_leaves_the_range_of_the_contexts_written(
    keys: float, count: int, speed: float
) -> None:
    memory = stir(build("ssm"))
    with torch.no_grad():
        memory.log_speed += speed
    items = [f._replace(key=f.key * keys) for f in clip(memory, count)]
    contexts = torch.stack([written(memory, [f]).context for f in items])
    context = written(memory, items).context
    slack = 1e-9 * float(contexts.detach().abs().max())
    assert (context >= contexts.amin(0) - slack).all()
    assert (context <= contexts.amax(0) + slack).all()
