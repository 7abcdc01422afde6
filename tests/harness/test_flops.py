"""Counters against products that can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import embedding_bag, linear, scaled_dot_product_attention

from vosbench.errors import PluginError
from vosbench.harness.flops import (
    MOVES,
    UNCOUNTED,
    Counted,
    by_layers,
    fvcore_counts,
    torch_counts,
    why,
)

Step = Callable[[], Tensor]
r = torch.zeros  # the numbers do not matter

# name -> (step, multiply-adds, what fvcore and torch say without our rules)
STEPS: dict[str, tuple[Step, int, int, int]] = {
    "a product": (lambda: r(2, 3) @ r(3, 5), 30, 30, 30),
    "a batch of products": (lambda: r(4, 2, 3) @ r(4, 3, 5), 120, 120, 120),
    "a product broadcast over its first operand":
        (lambda: r(1, 2, 3) @ r(4, 3, 5), 120, 30, 120),
    "a product broadcast over its second operand":
        (lambda: r(4, 2, 3) @ r(1, 3, 5), 120, 120, 120),
    "bmm": (lambda: torch.bmm(r(4, 2, 3), r(4, 3, 5)), 120, 120, 120),
    "a product into a tensor that is there":
        (lambda: torch.bmm(r(4, 2, 3), r(4, 3, 5), out=r(4, 2, 5)), 120, 0, 120),
    "baddbmm": (lambda: torch.baddbmm(r(4, 2, 5), r(4, 2, 3), r(4, 3, 5)), 120, 0, 120),
    "addmm": (lambda: torch.addmm(r(2, 5), r(2, 3), r(3, 5)), 30, 30, 30),
    "a matrix with a vector": (lambda: torch.mv(r(2, 3), r(3)), 6, 0, 0),
    "two vectors": (lambda: torch.dot(r(7), r(7)), 7, 0, 0),
    "a linear layer": (lambda: linear(r(2, 4, 3), r(5, 3)), 120, 120, 120),
    "einsum": (lambda: torch.einsum("okm,kn->omn", r(4, 3, 2), r(3, 5)), 120, 120, 120),
    "attention of one head":
        (lambda: scaled_dot_product_attention(r(4, 2, 3), r(4, 6, 3), r(4, 6, 5)),
         4 * 2 * 6 * (3 + 5), 0, 4 * 2 * 6 * (3 + 5)),
    "attention of several heads, one fused kernel on a CPU":
        (lambda: scaled_dot_product_attention(r(1, 4, 2, 8), r(1, 4, 6, 8), r(1, 4, 6, 8)),
         4 * 2 * 6 * 16, 0, 0),
    "weighted sums of rows":
        (lambda: embedding_bag(torch.zeros(4, 3, dtype=torch.int64), r(9, 5), mode="sum",
                               per_sample_weights=r(4, 3)), 4 * 3 * 5, 0, 0),
    "a convolution in groups":
        (lambda: torch.conv2d(r(2, 4, 5, 5), r(6, 2, 3, 3), groups=2), 2 * 6 * 9 * 2 * 9,
         2 * 6 * 9 * 2 * 9, 2 * 6 * 9 * 2 * 9),
}  # fmt: skip


def both(step: Step, parts: nn.Module | None = None) -> tuple[Counted, Counted]:
    with torch.no_grad():
        return fvcore_counts(step, parts or nn.Identity()), torch_counts(step)


@pytest.mark.parametrize("name", STEPS)
def test_both_counters_give_the_products_that_a_hand_counts(name: str) -> None:
    step, macs, *unaided = STEPS[name]
    counted = both(step)
    assert [c.macs for c in counted] == [macs, macs]
    assert [c.unaided for c in counted] == unaided


def test_a_write_whose_state_is_nested_is_counted_and_traces_away_nothing() -> None:
    key, value = r(2, 3, 4), r(2, 5, 4)

    def write() -> tuple[object, ...]:
        return (key @ value.mT,), [key @ key.mT], 3

    counted = both(write)  # type: ignore[arg-type]
    assert [c.macs for c in counted] == [2 * 3 * 4 * 5 + 2 * 3 * 4 * 3] * 2


def test_operators_that_do_arithmetic_but_are_not_counted_are_named_with_their_calls() -> None:
    x = torch.ones(4, 4)

    def step() -> Tensor:
        y = (x @ x).softmax(dim=1).exp_().exp()
        best = y.topk(2, dim=1)
        return torch.zeros_like(y).scatter(1, best.indices, best.values).clamp(max=1).relu()

    for counted in both(step):
        assert counted.macs == 64
        assert counted.uncounted == {"softmax": 1, "exp": 2, "topk": 1, "clamp": 1, "relu": 1}


def test_normalisation_and_resizing_are_named_not_added_to_multiply_adds() -> None:
    x, one = torch.ones(1, 3, 4, 4), torch.ones(3)

    def step() -> Tensor:
        y = torch.batch_norm(x, one, one, one, one, False, 0.1, 1e-5, False)
        return nn.functional.interpolate(y, scale_factor=2.0, mode="bilinear")

    fvcore, other = both(step)
    assert (fvcore.macs, other.macs) == (0, 0)
    assert fvcore.unaided == 2 * 48 + 4 * 4 * 48  # its rules: 2 for each number, 4 for each put out
    assert set(fvcore.uncounted) == {"batch_norm", "upsample_bilinear2d"}
    assert "upsample_bilinear2d" in other.uncounted


@given(
    st.tuples(*[st.integers(1, 5)] * 4),
    st.sampled_from([(1, 1), (1, 3), (3, 1), (3, 3)]),
)
@settings(max_examples=30, deadline=None)
def test_a_broadcast_product_counts_rows_x_columns_x_inner_x_batch(
    sides: tuple[int, ...], batches: tuple[int, int]
) -> None:
    rows, inner, columns, extra = sides
    a, b = r(extra, batches[0], rows, inner), r(batches[1], inner, columns)
    macs = extra * max(batches) * rows * inner * columns
    assert [c.macs for c in both(lambda: a @ b)] == [macs, macs]


def test_layers_count_by_their_sizes_and_leave_no_hook_behind() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, groups=8),
        nn.Flatten(), nn.Linear(8 * 2 * 2, 5),
    )  # fmt: skip
    macs = 8 * 4 * 4 * 3 * 9 + 8 * 2 * 2 * 9 + 5 * 32
    assert by_layers(lambda: network(r(1, 3, 8, 8)), network) == macs
    assert by_layers(lambda: network(r(2, 3, 8, 8)), network) == 2 * macs
    assert not any(layer._forward_hooks for layer in network.modules())
    assert [c.macs for c in both(lambda: network(r(1, 3, 8, 8)), network)] == [macs] * 2


def test_the_list_of_what_is_not_counted_gives_each_operator_one_reason() -> None:
    for counter in ("fvcore", "torch"):
        listed = UNCOUNTED[counter]
        assert {"softmax", "exp", "topk", "mul"} <= set(listed)
        assert not MOVES & set(listed)
        assert all(reason for reason in listed.values())
        assert why(counter, "softmax") == listed["softmax"]
    assert "no rule" in why("torch", "an operator of the future")


def test_a_step_that_cannot_be_traced_says_what_to_change() -> None:
    x = torch.ones(4, 6)
    with pytest.raises(PluginError, match=r"fvcore cannot trace it .* take int\(x\.shape\[i\]\)"):
        fvcore_counts(lambda: x[:, : round(0.5 * x.shape[1])] @ x[:3], nn.Identity())
    counted = fvcore_counts(lambda: x[:, : round(0.5 * int(x.shape[1]))] @ x[:3], nn.Identity())
    assert counted.macs == 4 * 3 * 6


def test_a_step_that_fails_by_itself_fails_with_its_own_error() -> None:
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        fvcore_counts(lambda: torch.ones(2, 3) @ torch.ones(2, 3), nn.Identity())
