"""none, first, previous, first_previous and window: which frames answer."""

from __future__ import annotations

import pytest
import torch

from tests.methods.support import attention, build, close, frames, query, write
from vosbench import registry
from vosbench.errors import UsageError


def test_none_reads_zeros_of_the_shape_of_a_readout_and_keeps_no_byte() -> None:
    memory = build("none")
    state = write(memory, frames(memory, 3))
    readout, _ = memory.read(state, query(memory))
    assert readout.shape == (2, 3, 2, 3)
    assert not readout.any()
    assert state.objects.numel() == 0
    assert state.frames == 3


KEPT = [
    ("first", 1, [0]), ("first", 5, [0]),
    ("previous", 1, [0]), ("previous", 5, [4]),
    ("first_previous", 1, [0]), ("first_previous", 2, [0, 1]), ("first_previous", 5, [0, 4]),
    ("window", 7, [0, 1, 2, 3, 4, 5, 6]), ("window", 9, [0, 3, 4, 5, 6, 7, 8]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "written", "kept"), KEPT)
def test_the_readout_is_attention_over_the_frames_that_are_kept(
    name: str, written: int, kept: list[int]
) -> None:
    memory = build(name)
    items, asked = frames(memory, written), query(memory)
    readout, _ = memory.read(write(memory, items), asked)
    assert close(readout, attention([items[t] for t in kept], asked))


def test_a_window_of_two_keeps_the_first_and_the_two_last() -> None:
    memory = build("window", recent=2)
    items, asked = frames(memory, 6), query(memory)
    readout, _ = memory.read(write(memory, items), asked)
    assert close(readout, attention([items[0], *items[4:]], asked))


def test_a_temporary_frame_takes_a_place_in_the_window_and_gives_it_back() -> None:
    memory = build("window", recent=2)
    items, asked = frames(memory, 5), query(memory)
    kept = write(memory, items[:4])
    live = memory.write(kept, items[4])
    assert close(memory.read(live, asked)[0], attention([items[0], *items[3:]], asked))
    assert close(memory.read(kept, asked)[0], attention([items[0], *items[2:4]], asked))


@pytest.mark.parametrize("recent", [0, -1, 2.5])
def test_a_window_without_frames_is_refused(recent: float) -> None:
    with pytest.raises(UsageError, match="recent"):
        registry.build("window", 4, 4, recent=recent)


def test_first_and_none_ask_the_host_to_write_no_later_frame() -> None:
    for name in ("first", "none"):
        policy = registry.get(name).policy
        assert policy.keeps(0, given=True)
        assert not any(policy.keeps(t, given=False) for t in range(1, 5000))


def test_first_still_has_the_first_frame_after_a_write_that_brings_gradients() -> None:
    memory = build("first")
    items, asked = frames(memory, 2), query(memory)
    for item in items:
        item.value.requires_grad_()
    memory.read(write(memory, items), asked)[0].sum().backward()
    assert items[0].value.grad is not None
    assert items[1].value.grad is None
    assert torch.allclose(items[0].value.grad.sum(), torch.tensor(36.0).double())
