"""SwiftNet: which pixels of a frame are kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.methods.support import (
    Array,
    build,
    close,
    dot,
    frames,
    pixels_of,
    query,
    softmax,
    write,
)
from vosbench import registry
from vosbench.errors import UsageError
from vosbench.memory import Frame


def unit(x: Array) -> Array:
    out: Array = x / np.linalg.norm(x)
    return out


def naive(items: list[Frame], asked: torch.Tensor, o: int, count: int) -> Array:
    """The readout of one object after all writes."""
    whole = [list(zip(pixels_of(f.key, o), pixels_of(f.value, o), strict=True)) for f in items]
    bank = list(whole[0]) if len(items) > 1 else []
    for frame in whole[1:-1]:
        known = [max(float(unit(k) @ unit(x)) for x, _ in bank) for k, _ in frame]
        new = sorted(sorted(range(len(frame)), key=lambda p: known[p])[:count])
        bank = bank + [frame[p] for p in new]
    bank = bank + whole[-1]
    columns = []
    for q in pixels_of(asked, o):
        weights = softmax(np.array([dot(k, q) for k, _ in bank]))
        columns.append(sum(w * v for w, (_, v) in zip(weights, bank, strict=True)))
    return np.array(columns).T


@pytest.mark.parametrize(("share", "count"), [(0.1, 2), (0.3, 6), (0.0, 1), (1.0, 20)])
@pytest.mark.parametrize("written", [1, 2, 3, 6])
def test_the_readout_is_attention_over_the_rule_written_as_loops(
    share: float, count: int, written: int
) -> None:
    memory = build("swiftnet", share=share)
    items, asked = frames(memory, written, (4, 5)), query(memory, (4, 5))
    readout, _ = memory.read(write(memory, items), asked)
    expected = [naive(items, asked, o, count) for o in range(2)]
    assert close(readout, np.array(expected).reshape(2, 3, 4, 5))


def test_of_ten_pixels_the_one_that_points_a_new_way_is_kept() -> None:
    memory = build("swiftnet", 2, 1)
    old = torch.tensor([[1.0] * 10, [0.0] * 10]).double().view(1, 2, 1, 10)
    new = old.clone() * 5
    new[0, :, 0, 7] = torch.tensor([0.5, 9.0])
    value = torch.arange(10).double().view(1, 1, 1, 10)
    items = [Frame(old, value, value, 0, True), Frame(new, value, value, 1, False),
             Frame(old, value, value, 2, False)]  # fmt: skip
    state = write(memory, items)
    assert [v.shape[2] for v in state.bank.values] == [10, 1]
    assert state.bank.values[1].item() == 7.0
    assert state.bank.keys[1].flatten().tolist() == [0.5, 9.0]


def test_the_first_and_the_last_frame_are_whole_and_each_between_gives_a_tenth() -> None:
    memory = build("swiftnet")
    state = None
    for t, item in enumerate(frames(memory, 8, (5, 10))):
        state = memory.write(state, item)
        banked = sum(v.shape[2] for v in state.bank.values)
        assert banked == (50 + 5 * (t - 1) if t else 0)
        assert state.value.shape[2] == 50


def test_a_temporary_frame_is_read_whole_and_leaves_nothing_behind() -> None:
    memory = build("swiftnet")
    items, asked = frames(memory, 4, (4, 5)), query(memory, (4, 5))
    kept = write(memory, items[:3])
    before, _ = memory.read(kept, asked)
    live = memory.write(kept, items[3])
    expected = [naive(items, asked, o, 2) for o in range(2)]
    assert close(memory.read(live, asked)[0], np.array(expected).reshape(2, 3, 4, 5))
    assert torch.equal(memory.read(kept, asked)[0], before)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_outside_0_to_1_is_refused(share: float) -> None:
    with pytest.raises(UsageError, match="share"):
        registry.build("swiftnet", 4, 4, share=share)
