import torch

from vosbench.harness.tracker import PeakBytes


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


def test_bytes_that_are_freed_leave_live_but_not_the_peak() -> None:
    with PeakBytes() as seen:
        for _ in range(5):
            x = torch.ones(25)  # the next one is made while this one is alive: 2 x 100 bytes
        del x
    assert (seen.peak, seen.live) == (200, 0)


def test_each_type_counts_its_own_bytes_and_each_output_counts() -> None:
    x = torch.ones(8)
    with PeakBytes() as seen:
        half = x.half()  # 16 bytes
        values, indices = x.sort()  # 32 + 64 bytes
    assert seen.live == 16 + 32 + 64
    assert half.dtype == torch.float16
    assert (values.numel(), indices.dtype) == (8, torch.int64)
