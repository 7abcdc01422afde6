"""Attention over a bank, against torch's own softmax of everything at once."""

from __future__ import annotations

import itertools
import math
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from vosbench.harness.flops import by_torch
from vosbench.harness.tracker import PeakBytes
from vosbench.memory import Bank, append, attend, attend_top_k, attention_cost, state_bytes
from vosbench.memory import bank as bank_module
from vosbench.memory.bank import Limits

torch.set_num_threads(1)
Bias = tuple[Tensor, ...] | None
LIMITS = ("ALL", "TOP_K")  # of `attend` and `attend_top_k`


def draw(*shape: int, seed: int, dtype: torch.dtype = torch.float32) -> Tensor:
    source = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=source, dtype=torch.float64).to(dtype)


def stored(
    lengths: list[int], objects: int = 2, keys: int = 2, dims: tuple[int, int] = (8, 6),
    dtype: torch.dtype = torch.float32,
) -> Bank:  # fmt: skip
    return Bank(
        tuple(draw(keys, dims[0], n, seed=i, dtype=dtype) for i, n in enumerate(lengths)),
        tuple(draw(objects, dims[1], n, seed=100 + i, dtype=dtype) for i, n in enumerate(lengths)),
    )


def read(
    bank: Bank, query: Tensor, scale: float, bias: Bias = None, k: int | None = None
) -> Tensor:
    if k is None:
        return attend(bank, query, scale=scale, bias=bias)
    return attend_top_k(bank, query, k, scale=scale, bias=bias)


def naive(
    bank: Bank, query: Tensor, scale: float, bias: Bias = None, k: int | None = None
) -> Tensor:
    """In float64, everything at once, location by location."""
    score = scale * torch.cat(bank.keys, 2).double().mT @ query.double()
    if bias is not None:
        score = score + torch.cat(bias, 1).double()[..., None]
    if k is not None:
        order = score.argsort(1, descending=True)
        score = score.masked_fill(order.argsort(1) >= k, -math.inf)
    return torch.cat(bank.values, 2).double() @ score.softmax(1)


@pytest.fixture(params=["blocks as they are", "small blocks"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small blocks and parts: frames are split and grouped, queries are taken in parts."""
    if request.param == "small blocks":
        for name in LIMITS:
            monkeypatch.setattr(bank_module, name, Limits(10, 3, 100))
        monkeypatch.setattr(bank_module, "LEAST", 4)


LENGTHS = [[7], [7, 7, 7], [3, 25, 1, 1, 1, 14], [10, 11]]


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("k", [None, 1, 12, 1000])
@pytest.mark.parametrize("keys", [1, 2])
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("lengths", LENGTHS)
def test_a_read_equals_the_softmax_over_everything_at_once(
    lengths: list[int], biased: bool, keys: int, k: int | None
) -> None:
    bank, query = stored(lengths, keys=keys), draw(1, 8, 9, seed=5)
    bias = tuple(draw(keys, n, seed=i) for i, n in enumerate(lengths)) if biased else None
    got = read(bank, query, 0.4, bias, k)
    assert got.shape == (2, 6, 9)
    expected = naive(bank, query, 0.4, bias, k)
    torch.testing.assert_close(got.double(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("k", [None, 12])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_a_read_on_cuda_equals_the_softmax_over_everything(
    dtype: torch.dtype, k: int | None
) -> None:
    bank, query = stored([3, 25, 2000, 7], dtype=dtype), draw(1, 8, 9, seed=5, dtype=dtype)
    there = Bank(*(tuple(x.cuda() for x in xs) for xs in bank))
    got = read(there, query.cuda(), 0.4, k=k).double().cpu()
    allowed = 1e-5 if dtype == torch.float32 else 2e-3
    torch.testing.assert_close(got, naive(bank, query, 0.4, k=k), rtol=allowed, atol=allowed)


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=6),
    objects=st.integers(1, 3), shared=st.booleans(), pixels=st.integers(1, 20),
    locations=st.integers(1, 40), queries=st.integers(1, 20), k=st.none() | st.integers(1, 40),
    size=st.floats(0.01, 100),
)  # fmt: skip
def test_any_bank_in_any_blocks_reads_as_everything_at_once(
    lengths: list[int], objects: int, shared: bool, pixels: int, locations: int, queries: int,
    k: int | None, size: float,
) -> None:  # fmt: skip
    bank = stored(lengths, objects, 1 if shared else objects, dtype=torch.float64)
    query = draw(1, 8, pixels, seed=5, dtype=torch.float64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bank_module, "LEAST", 1)
        for name in LIMITS:
            patch.setattr(bank_module, name, Limits(locations, queries, 2**22))
        got = read(bank, query, size, k=k)
    torch.testing.assert_close(got, naive(bank, query, size, k=k), rtol=1e-9, atol=1e-9)


def test_it_is_the_attention_of_torch_at_the_size_of_a_480p_frame() -> None:
    bank, query = stored([1620] * 3, 1, 1, (16, 16)), draw(1, 16, 1620, seed=5)
    k, v = (torch.cat(xs, 2).mT for xs in bank)
    expected = scaled_dot_product_attention(query.mT, k, v).mT
    torch.testing.assert_close(attend(bank, query, scale=0.25), expected, rtol=1e-5, atol=1e-5)


def test_three_locations_by_hand() -> None:
    # scores 0, log 2 and log 5 have weights 1, 2 and 5 of 8; of the best two 2 and 5 of 7
    keys = tuple(torch.tensor([[[math.log(w)]]]) for w in (1, 2, 5))
    bank = Bank(keys, tuple(torch.tensor([[[v]]]) for v in (8.0, 16.0, 24.0)))
    one = torch.ones(1, 1, 1)
    assert attend(bank, one, scale=1).item() == pytest.approx((1 * 8 + 2 * 16 + 5 * 24) / 8)
    assert attend_top_k(bank, one, 2, scale=1).item() == pytest.approx((2 * 16 + 5 * 24) / 7)
    assert attend_top_k(bank, one, 1, scale=1).item() == pytest.approx(24)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("k", [None, 4])
def test_a_query_of_each_object_is_read_by_that_object(k: int | None) -> None:
    bank, query = stored([7, 20], keys=1), draw(2, 8, 9, seed=5)
    got = read(bank, query, 1, k=k)
    torch.testing.assert_close(got.double(), naive(bank, query, 1, k=k), rtol=1e-5, atol=1e-5)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("k", [None, 5])
@pytest.mark.parametrize("size", [1, 1e2, 1e4])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_with_large_logits_is_the_softmax_of_the_same_numbers(
    dtype: torch.dtype, size: float, k: int | None
) -> None:
    bank, query = stored([7, 20, 5], dtype=dtype), draw(1, 8, 9, seed=5, dtype=dtype)
    expected = naive(bank, query, size, k=k)  # scores of up to 2e5: beyond float16
    got = read(bank, query, size, k=k)
    assert got.dtype == dtype
    allowed = 2 * torch.finfo(dtype).eps
    torch.testing.assert_close(got.double(), expected, rtol=allowed, atol=2 * allowed)


@pytest.mark.parametrize("k", [None, 3])
def test_gradients_are_those_of_the_softmax_over_everything(k: int | None) -> None:
    bank = stored([4, 5], dtype=torch.float64)
    bias = (draw(2, 4, seed=1, dtype=torch.float64), draw(2, 5, seed=2, dtype=torch.float64))
    query = draw(1, 8, 6, seed=5, dtype=torch.float64)
    leaves = [query, *bank.keys, *bank.values, *bias]
    for leaf in leaves:
        leaf.requires_grad_()
    weight = draw(2, 6, 6, seed=3, dtype=torch.float64)
    got = torch.autograd.grad((read(bank, query, 0.3, bias, k) * weight).sum(), leaves)
    expected = torch.autograd.grad((naive(bank, query, 0.3, bias, k) * weight).sum(), leaves)
    for a, b in zip(got, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)
    with torch.no_grad():  # the path without gradients says the same
        torch.testing.assert_close(
            read(bank, query, 0.3, bias, k), naive(bank, query, 0.3, bias, k)
        )


@pytest.mark.parametrize("k", [None, 3])
def test_locations_masked_by_a_bias_of_minus_infinity_are_not_read(k: int | None) -> None:
    bank, query = stored([5, 5, 5]), draw(1, 8, 4, seed=5)
    hidden = torch.full((1, 5), -math.inf)
    bias = (hidden, torch.zeros(1, 5), hidden)  # the first block of small blocks has none at all
    alone = Bank(bank.keys[1:2], bank.values[1:2])
    with pytest.MonkeyPatch.context() as patch:
        for name in LIMITS:
            patch.setattr(bank_module, name, Limits(5, 1024, 2**22))
        got = read(bank, query, 1, bias, k)
    torch.testing.assert_close(got.double(), naive(alone, query, 1, k=k), rtol=1e-5, atol=1e-5)


def test_equal_scores_count_as_often_as_they_are_kept() -> None:
    bank = Bank(
        (torch.zeros(1, 2, 3),) * 3, tuple(torch.full((1, 1, 3), float(i)) for i in (1, 1, 1))
    )
    for k in (1, 4, 9):
        assert attend_top_k(bank, torch.ones(1, 2, 2), k, scale=1).eq(1).all()


def test_of_equal_scores_the_same_are_read_in_every_run_and_for_any_number_of_threads() -> None:
    bank, query = stored([40] * 5, dims=(2, 6)), draw(1, 2, 300, seed=5)
    tied = Bank(tuple(key.sign() for key in bank.keys), bank.values)  # four keys in all
    once = attend_top_k(tied, query, 7, scale=1)
    torch.set_num_threads(2)
    try:
        assert torch.equal(attend_top_k(tied, query, 7, scale=1), once)
    finally:
        torch.set_num_threads(1)
    assert torch.equal(attend_top_k(tied, query, 7, scale=1), once)


@pytest.mark.parametrize("keys", [1, 2])
def test_values_read_the_same_in_any_layout(keys: int) -> None:
    bank, query = stored([7, 20, 5], keys=keys), draw(1, 8, 9, seed=5)
    turned = Bank(bank.keys, tuple(value.mT.contiguous().mT for value in bank.values))
    assert turned.values[0].stride() != bank.values[0].stride()
    expected = attend_top_k(bank, query, 6, scale=1)
    assert torch.equal(attend_top_k(turned, query, 6, scale=1), expected)


def test_a_top_k_read_under_the_tracer_of_graphs_is_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bank, query = stored([7, 20, 5]), draw(1, 8, 9, seed=5)
    expected = attend_top_k(bank, query, 6, scale=0.4)
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    torch.testing.assert_close(attend_top_k(bank, query, 6, scale=0.4), expected)


def test_a_write_leaves_the_old_bank_and_both_branches_of_it_alone() -> None:
    frames = [(draw(2, 8, 2, 3, seed=i), draw(2, 6, 2, 3, seed=9 + i)) for i in range(3)]
    old = append(append(None, *frames[0]), *frames[1])
    kept = [x.clone() for x in (*old.keys, *old.values)]
    one, two = append(old, *frames[2]), append(old, *frames[0])
    query = draw(1, 8, 6, seed=5)
    for bank, third in ((one, 2), (two, 0)):
        expected = Bank(
            tuple(frames[i][0].flatten(2) for i in (0, 1, third)),
            tuple(frames[i][1].flatten(2) for i in (0, 1, third)),
        )
        got = attend(bank, query, scale=1).double()
        torch.testing.assert_close(got, naive(expected, query, 1), rtol=1e-5, atol=1e-5)
    assert len(old.keys) == 2
    assert all(map(torch.equal, kept, (*old.keys, *old.values)))
    assert state_bytes(old, one, two) == 4 * 6 * 14 * 2 * 3  # three frames, however often held


def test_an_append_copies_nothing() -> None:
    key, value = draw(2, 8, 2, 3, seed=1), draw(2, 6, 2, 3, seed=2)
    with PeakBytes() as seen:
        bank = append(append(None, key, value), key, value)
    assert seen.peak == 0
    assert {x.data_ptr() for x in bank.keys} == {key.data_ptr()}


@pytest.mark.parametrize("k", [None, 20])
def test_temporary_bytes_do_not_depend_on_the_number_of_frames(k: int | None) -> None:
    query, peaks = draw(1, 8, 30, seed=5), []
    with torch.inference_mode():
        for t in (280, 400, 800):  # a block holds 68 or 273 frames of 30 locations
            bank = stored([30] * t, 1, 1)
            with PeakBytes() as seen:
                read(bank, query, 1, k=k)
            peaks.append(seen.peak)
    assert len(set(peaks)) == 1


@pytest.mark.parametrize("pixels", [1, 18, 682, 683, 2048, 2049, 8192, 12289])
@pytest.mark.parametrize("k", [None, 1, 50])
def test_equal_frames_cost_what_the_list_of_them_does_however_many(
    pixels: int, k: int | None
) -> None:
    asked = pixels, 2, 16, 32
    for frames in (1, 2, 3, 113, 114, 456):
        listed = attention_cost([pixels] * frames, *asked, k=k)
        assert attention_cost(frames, *asked, k=k) == listed
    endless = attention_cost(10**12, *asked, k=k)
    assert endless.state_bytes == 10**12 * pixels * 2 * (16 + 32) * 4


SHAPES = [[48], [48] * 7, [330] * 9, [40, 4, 4, 4], [5000, 3]]
CASES = list(itertools.product(SHAPES, [1, 3], [False, True], [None, 5, 50]))


@pytest.mark.parametrize(("lengths", "objects", "shared", "k"), CASES)
def test_the_cost_is_what_is_counted(
    lengths: list[int], objects: int, shared: bool, k: int | None
) -> None:
    width = 64 if sum(lengths) < 100 else 8  # of values: adding them up is the peak, or scoring
    bank = stored(lengths, objects, 1 if shared else objects, (16, width))
    query = draw(1, 16, 130, seed=5)
    with pytest.MonkeyPatch.context() as patch, torch.inference_mode():
        for name in LIMITS:  # the queries in parts for the large ones
            patch.setattr(bank_module, name, Limits(2048, 1024, 2**18))
        cost = attention_cost(lengths, 130, objects, 16, width, shared=shared, k=k)
        assert by_torch(partial(read, bank, query, 1, k=k)) == cost.read_macs
        with PeakBytes() as seen:
            result = read(bank, query, 1, k=k)
        assert seen.peak - seen.live == pytest.approx(cost.temporary_bytes, rel=0.01)
        del result
