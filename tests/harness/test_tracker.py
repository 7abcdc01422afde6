"""Peak bytes against hand counts."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vosbench.harness.tracker import Peak, PeakBytes, peak_bytes

CPU = torch.device("cpu")


def test_two_additions_in_a_row_peak_with_both_results_alive() -> None:
    x = torch.ones(100)
    with PeakBytes() as seen:
        y = x + 1
        z = y + 1
    assert (seen.peak, seen.live) == (800, 800)
    del y, z
    assert seen.live == 0


def test_views_and_operations_in_place_cost_nothing() -> None:
    x = torch.zeros(10, 10)
    with PeakBytes() as seen:
        x.add_(1)
        y = x.T[2:5].reshape(-1, 10)[0]
        y.mul_(2)
    assert (seen.peak, seen.live) == (0, 0)


def test_a_reshape_that_has_to_copy_counts_and_one_that_does_not_is_free() -> None:
    x = torch.zeros(10, 10)
    with PeakBytes() as seen:
        flat = x.reshape(100)
        copied = x.T.reshape(100)
    assert (seen.peak, seen.live) == (400, 400)
    assert flat.data_ptr() == x.data_ptr() != copied.data_ptr()


def test_bytes_that_are_freed_leave_live_but_not_the_peak() -> None:
    with PeakBytes() as seen:
        for _ in range(5):
            x = torch.ones(25)  # the next one is made while this one is alive: 2 x 100 bytes
        del x
    assert (seen.peak, seen.live) == (200, 0)


def test_a_storage_lives_as_long_as_any_view_of_it() -> None:
    with PeakBytes() as seen:
        x = torch.ones(100)
        part = x[:1]
        del x
        assert seen.live == 400
        del part
        assert seen.live == 0


def test_a_result_written_into_a_tensor_that_is_there_costs_nothing() -> None:
    x, there = torch.ones(100), torch.empty(100)
    with PeakBytes() as seen:
        torch.add(x, 1, out=there)
    assert (seen.peak, seen.live) == (0, 0)
    assert there[0] == 2


def test_a_result_written_into_a_tensor_that_is_too_small_costs_what_it_grows_by() -> None:
    x, outside = torch.ones(100), torch.empty(0)
    with PeakBytes() as seen:
        torch.add(x, 1, out=outside)
        assert seen.live == 400
        inside = torch.empty(0)
        torch.add(x, 1, out=inside)
    assert (seen.peak, seen.live) == (800, 800)
    del inside
    assert seen.live == 400


def test_each_type_counts_its_own_bytes_and_each_output_counts() -> None:
    x = torch.ones(8)
    with PeakBytes() as seen:
        half = x.half()  # 16 bytes
        values, indices = x.sort()  # 32 + 64 bytes
    assert seen.live == 16 + 32 + 64
    assert half.dtype == torch.float16
    assert (values.numel(), indices.dtype) == (8, torch.int64)


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad])
def test_what_lives_inside_an_operator_made_of_others_counts(mode: type) -> None:
    a, b = torch.ones(2, 3, 1, 5), torch.ones(3, 5, 4)
    # both operands are repeated for the product: 2*3*1*5 numbers, which are there, and 2*3*5*4 new
    with mode(), PeakBytes() as seen:
        result = a @ b
    assert result.shape == (2, 3, 1, 4)
    assert (seen.peak, seen.live) == (4 * (2 * 3 * 5 * 4 + 2 * 3 * 4), 4 * 2 * 3 * 4)


def test_naive_attention_needs_its_affinity_twice() -> None:
    key, value, query = torch.ones(1, 8, 60), torch.ones(1, 16, 60), torch.ones(1, 8, 20)

    def read() -> torch.Tensor:
        return value @ (key.mT @ query).softmax(1)

    with torch.inference_mode():
        peak = peak_bytes(read, CPU)
    # affinity and its softmax, 60 x 20 each; then the softmax and the readout, 16 x 20
    assert peak == Peak(4 * 2 * 60 * 20, 4 * (2 * 60 * 20 - 16 * 20))


def test_a_step_that_returns_what_it_was_given_needs_nothing() -> None:
    x = torch.ones(100)
    assert peak_bytes(lambda: x, CPU) == Peak(0, 0)


def test_tensors_without_numbers_are_counted_as_if_they_had_them() -> None:
    x = torch.empty(2**40, device="meta")
    assert peak_bytes(lambda: x + 1, x.device) == Peak(2**42, 0)


@given(st.lists(st.tuples(st.sampled_from(["make", "drop", "view", "in place"]),
                          st.integers(1, 50)), max_size=30))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_sequence_of_makes_and_drops_is_counted_as_a_ledger_would(
    moves: list[tuple[str, int]],
) -> None:
    alive: list[tuple[torch.Tensor, int]] = []
    now = most = 0
    with PeakBytes() as seen:
        for move, size in moves:
            if move == "make":
                alive.append((torch.ones(size), 4 * size))
                now += 4 * size
            elif alive:
                x, weight = alive[size % len(alive)]
                if move == "view":
                    x[:1].unsqueeze(0)
                elif move == "in place":
                    x.mul_(2)
                else:
                    del alive[size % len(alive)]
                    now -= weight
                del x
            most = max(most, now)
        assert (seen.live, seen.peak) == (now, most)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_cuda_the_allocator_says_the_same_up_to_its_rounding() -> None:
    x = torch.ones(1 << 18, device="cuda")  # 1 MiB
    peak = peak_bytes(lambda: (x + 1) * 2, x.device)
    assert peak.whole == pytest.approx(2 << 20, abs=1024)
    assert peak.temporary == pytest.approx(1 << 20, abs=1024)
