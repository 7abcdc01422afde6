"""The delta rule: against loops, numbers by hand, and the bounds that its docstring proves."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.methods.linear import ask, build, clip, columns, frame, recall, row, written
from vosbench.memory import Frame


def normal(x: list[float]) -> list[float]:
    length = math.sqrt(sum(v * v for v in x))
    return [v / length for v in x]


def error(weights: Tensor, item: Frame) -> Tensor:
    """|V - S K|^2 per object, K with unit columns."""
    key = torch.nn.functional.normalize(item.key.flatten(2), dim=1)
    return (item.value.flatten(2) - weights @ key).square().sum((1, 2))


@pytest.mark.parametrize("rate", [0.3, 1.0])
def test_delta_equals_its_equations_written_as_loops(rate: float) -> None:
    memory = build("delta", rate=rate)
    items, asked = clip(memory, 4), ask(memory)
    readout = recall(memory, items, asked).flatten(2)
    K, V, P = range(4), range(6), range(12)
    for o in range(2):
        S = [[0.0 for _ in K] for _ in V]
        for f in items:
            k, v = [normal(x) for x in columns(f.key[o])], columns(f.value[o])
            A = [[sum(x[a] * x[b] for x in k) / 12 for b in K] for a in K]
            size = math.sqrt(sum(a * a for r in A for a in r))
            E = [[v[p][j] - sum(S[j][i] * k[p][i] for i in K) for p in P] for j in V]
            S = [
                [S[j][i] + rate / size * sum(E[j][p] * k[p][i] for p in P) / 12 for i in K]
                for j in V
            ]
        for p, q in enumerate(normal(x) for x in columns(asked[0])):
            for j in V:
                expected = sum(S[j][i] * q[i] for i in K)
                assert float(readout[o, j, p]) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_delta_of_two_frames_by_hand() -> None:
    memory = build("delta", 2, 1)
    # one location: A = k k^T has norm 1, so the step is 1 and the value is stored whole
    first, second = frame([[3], [4]], [[10]]), frame([[5], [0]], [[1]])
    # S = 10 (0.6, 0.8) = (6, 8); recalls 6 for (1, 0), wanted 1: S = (1, 8)
    assert recall(memory, [first], row([[6], [8]])).item() == pytest.approx(10)
    assert written(memory, [first, second]).weights.flatten().tolist() == pytest.approx([1, 8])


def test_delta_writes_nothing_where_it_recalls_rightly() -> None:
    memory = build("delta")
    source = torch.Generator().manual_seed(1)
    truth = torch.randn(2, 6, 4, generator=source, dtype=torch.float64)
    state = type(written(memory, clip(memory, 1)))(truth)
    item = clip(memory, 1)[0]
    key = torch.nn.functional.normalize(item.key.flatten(2), dim=1)
    known = item._replace(value=(truth @ key).view_as(item.value))
    torch.testing.assert_close(memory.write(state, known).weights, truth, rtol=1e-10, atol=1e-12)


def test_delta_does_not_care_how_long_keys_and_queries_are() -> None:
    memory = build("delta")
    items, asked = clip(memory, 3), ask(memory)
    longer = [f._replace(key=f.key * 37) for f in items]
    one, two = recall(memory, items, asked), recall(memory, longer, asked * 0.01)
    torch.testing.assert_close(one, two, rtol=1e-10, atol=1e-12)


def test_delta_survives_keys_whose_square_is_infinite_in_half_precision() -> None:
    memory = build("delta", 4, 6)
    items, asked = clip(memory, 2), ask(memory)
    exact = recall(memory, items, asked)
    large = [f._replace(key=(f.key * 5000).half(), value=f.value.half()) for f in items]
    rough = recall(memory.half(), large, (asked * 5000).half())
    assert (rough.double() - exact).norm() < 0.01 * exact.norm()


def test_the_step_of_delta_is_never_longer_than_the_spectral_norm_allows() -> None:
    memory = build("delta", 8, 1)
    for seed in range(20):
        item = clip(memory, 1, 1, seed=seed)[0]
        item = item._replace(key=item.key + 3 * (seed % 2))  # nearly parallel keys, too
        key = torch.nn.functional.normalize(item.key[0].flatten(1), dim=0)
        gram = key @ key.T / 12
        start = torch.eye(8, dtype=torch.float64)[:, None]  # eight objects, one row each
        many = Frame(item.key.expand(8, -1, -1, -1), torch.zeros(8, 1, 3, 4).double(),
                     torch.zeros(8, 1, 3, 4), 0, False)  # fmt: skip
        kind = type(memory.write(None, item))
        kept = memory.write(kind(start), many).weights[:, 0]  # I - step A
        step = float((1 - kept.diagonal()).sum() / gram.trace())
        longest = float(torch.linalg.eigvalsh(gram)[-1])
        assert 0 < step * longest <= 1 + 1e-12


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.05, 1), st.floats(0, 20), st.integers(1, 8))
def test_a_write_never_makes_the_recall_of_its_own_frame_worse(
    seed: int, rate: float, shift: float, key_dim: int
) -> None:
    memory = build("delta", key_dim, 3, rate=rate)
    items = [f._replace(key=f.key + shift) for f in clip(memory, 6, seed=seed)]
    state = written(memory, items[:-1])
    before, after = (error(s.weights, items[-1]) for s in (state, memory.write(state, items[-1])))
    assert (after <= before * (1 + 1e-9)).all()


@pytest.mark.parametrize("shift", [0.0, 5.0])
def test_delta_keeps_to_its_bound_up_to_five_hundred_frames(shift: float) -> None:
    memory = build("delta", 8, 6)
    state, bound, norms = None, torch.zeros(2, dtype=torch.float64), []
    with torch.inference_mode():
        for t in range(500):
            item = clip(memory, 1, seed=t)[0]
            item = item._replace(key=item.key + shift)  # ill-conditioned where keys are alike
            state = memory.write(state, item)
            bound = bound + math.sqrt(8) * item.value.square().sum((1, 2, 3)) / 12
            assert (state.weights.square().sum((1, 2)) <= bound).all()
            norms.append(float(state.weights.norm()))
    assert max(norms[250:]) < 1.3 * max(norms[50:250])  # and in practice it does not grow at all


def test_delta_keeps_to_its_bound_against_keys_chosen_to_break_it() -> None:
    """Keys at right angles to what is stored erase nothing: the worst case, growth as sqrt(t)."""
    memory = build("delta", 2, 1)
    state = written(memory, [frame([[1], [0]], [[1]])])
    for t in range(2, 501):
        a, b = state.weights.flatten().tolist()
        state = memory.write(state, frame([[-b], [a]], [[1]]))
        assert float(state.weights.norm()) == pytest.approx(math.sqrt(t))


def test_delta_on_a_still_video_reaches_the_least_squares_answer() -> None:
    memory = build("delta")
    item = clip(memory, 1)[0]
    key = torch.nn.functional.normalize(item.key.flatten(2), dim=1)
    best = torch.linalg.lstsq(key.mT, item.value.flatten(2).mT).solution.mT
    torch.testing.assert_close(written(memory, [item] * 500).weights, best, rtol=1e-6, atol=1e-6)


def test_without_its_scale_the_same_rule_diverges() -> None:
    memory = build("delta")
    key = torch.nn.functional.normalize(clip(memory, 1)[0].key.flatten(2), dim=1)
    weights = torch.ones(2, 6, 4, dtype=torch.float64)
    for _ in range(50):
        weights = weights - weights @ key @ key.mT
    assert weights.norm() > 1e6
