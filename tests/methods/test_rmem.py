"""RMem: relevance, its upper confidence bound and who is evicted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from tests.methods.support import (
    attention,
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


class Naive:
    """The rule once more for one object, with lists and loops."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.kept: list[dict[str, Any]] = []
        self.drawn: list[np.ndarray] = []  # per frame (objects, pixels)

    def write(self, frame: Frame) -> None:
        if len(self.kept) > self.limit:
            self._evict(frame)
        self.kept.append({"frame": frame, "relevance": 0.0, "judged": 0})
        self.drawn = []

    def _evict(self, frame: Frame) -> None:
        mask = frame.mask.flatten(1).numpy()
        amounts = [float((d * mask).sum()) for d in self.drawn]
        for i, entry in enumerate(self.kept):
            if amounts:
                a = amounts[i] / sum(amounts)
                entry["relevance"] = (
                    a if entry["judged"] == 0 else 0.2 * entry["relevance"] + 0.8 * a
                )
            entry["judged"] += 1
        times = [len(self.kept), *(e["judged"] for e in self.kept[1:])]
        worth = [
            e["relevance"] + 1.5 * math.sqrt(math.log(sum(times)) / (n + 8))
            for e, n in zip(self.kept, times, strict=True)
        ]
        del self.kept[1 + int(np.argmin(worth[1:]))]

    def read(self, asked: torch.Tensor) -> None:
        items = [e["frame"] for e in self.kept]
        objects, size = len(items[0].value), items[0].key.shape[2] * items[0].key.shape[3]
        self.drawn = [np.zeros((objects, size)) for _ in items]
        for o in range(objects):
            keys = [k for item in items for k in pixels_of(item.key, o)]
            for j, q in enumerate(pixels_of(asked, o)):
                weights = softmax(np.array([dot(k, q) for k in keys]))
                for f, part in enumerate(np.split(weights, len(items))):
                    self.drawn[f][o, j] = part.sum()


def test_rmem_keeps_and_reads_what_the_rule_written_as_loops_keeps() -> None:
    memory = build("rmem", 2, 2, frames=3)
    items, objects, state = frames(memory, 30), (Naive(3), Naive(3)), None
    kept = set()
    for t, item in enumerate(items):
        state = memory.write(state, item)
        for o, naive in enumerate(objects):
            x = slice(o, o + 1)
            naive.write(item._replace(key=item.key[x], value=item.value[x], mask=item.mask[x]))
        if t % 4 != 3:  # some frames are never read before the next comes
            asked = query(memory, seed=t)
            readout, state = memory.read(state, asked)
            for o, naive in enumerate(objects):
                naive.read(asked)
                alone = attention([e["frame"] for e in naive.kept], asked)
                assert close(readout[o : o + 1], alone)
        for o, naive in enumerate(objects):
            relevance = torch.tensor([e["relevance"] for e in naive.kept]).double()
            assert torch.allclose(state.relevance[o], relevance)
            assert state.judged[o].tolist() == [e["judged"] for e in naive.kept]
        kept.add(tuple(tuple(e["frame"].t for e in naive.kept) for naive in objects))
    assert any(max(one[1:-1]) - min(one[1:-1]) > 3 for one, _ in kept)  # not a plain window
    assert any(one != two for one, two in kept)  # each object keeps frames of its own


def one(t: int, key: float = 0.0) -> Frame:
    """A frame of one location, its value its own t, its mask full."""
    x = torch.ones(1, 1, 1, 1).double()
    return Frame(x * key, x * t, x, t, t == 0)


def test_evictions_counted_by_hand() -> None:
    memory = build("rmem", 1, 1, frames=2)
    state = write(memory, [one(t) for t in range(3)])
    assert state.share.shape == (1, 3, 1)
    drawn = torch.tensor([0.2, 0.3, 0.5]).double().view(1, 3, 1)
    state = memory.write(state._replace(share=drawn), one(3))
    # all were judged once; n = 3, 1, 1: equal bounds for frames 1 and 2, so the less relevant goes
    assert [int(v) for v in state.bank.values] == [0, 2, 3]
    assert state.relevance[0].tolist() == pytest.approx([0.2, 0.5, 0.0])
    assert state.judged[0].tolist() == [1, 1, 0]
    drawn = torch.tensor([0.3, 0.3, 0.4]).double().view(1, 3, 1)
    after = memory.write(state._replace(share=drawn), one(4))
    # r = 0.2 x 0.2 + 0.8 x 0.3, 0.2 x 0.5 + 0.8 x 0.3, 0.4;  n = 3, 2, 1
    # u = 0.34 + 1.5 sqrt(log 6 / 10) = 0.975 and 0.4 + 1.5 sqrt(log 6 / 9) = 1.069
    assert [int(v) for v in after.bank.values] == [0, 3, 4]
    assert after.relevance[0].tolist() == pytest.approx([0.28, 0.4, 0.0])
    drawn = torch.tensor([0.0, 0.54, 0.46]).double().view(1, 3, 1)
    after = memory.write(state._replace(share=drawn), one(4))
    # u = 0.1 + 0.432 + 0.635 = 1.167 and 0.46 + 0.669 = 1.129: the fresh one goes, still too poor
    assert [int(v) for v in after.bank.values] == [0, 2, 4]


def test_freshness_can_save_a_frame_that_is_less_relevant() -> None:
    memory = build("rmem", 1, 1, frames=2)
    state = write(memory, [one(t) for t in range(3)])
    drawn = torch.tensor([0.2, 0.3, 0.5]).double().view(1, 3, 1)
    state = memory.write(state._replace(share=drawn), one(3))
    drawn = torch.tensor([0.15, 0.43, 0.42]).double().view(1, 3, 1)
    saved = memory.write(state._replace(share=drawn), one(4))
    # r = 0.444 and 0.42; u = 1.079 and 1.089
    assert [int(v) for v in saved.bank.values] == [0, 3, 4]
    plain = build("rmem", 1, 1, frames=2, exploration=0.0)
    lost = plain.write(state._replace(share=drawn), one(4))
    assert [int(v) for v in lost.bank.values] == [0, 2, 4]


def test_a_share_is_a_division_of_one_among_the_frames() -> None:
    memory = build("rmem")
    state = write(memory, frames(memory, 5))
    assert not state.share.any()
    _, read = memory.read(state, query(memory))
    assert torch.allclose(read.share.sum(1), torch.ones(2, 6).double())
    assert not state.share.any()


def test_only_an_objects_own_pixels_count_for_its_relevance() -> None:
    memory = build("rmem", 1, 1, frames=2)
    x = torch.ones(1, 1, 1, 2).double()
    items = [Frame(x * 0, x, x, t, t == 0) for t in range(4)]
    state = write(memory, items[:3])
    drawn = torch.tensor([[[0.4, 0.1], [0.5, 0.1], [0.1, 0.8]]]).double()
    mask = torch.tensor([0.0, 1.0]).double().view(1, 1, 1, 2)
    state = memory.write(state._replace(share=drawn), items[3]._replace(mask=mask))
    assert state.relevance[0].tolist() == pytest.approx([0.1, 0.8, 0.0])


@pytest.mark.parametrize(
    "bad", [{"frames": 1}, {"frames": 2.0}, {"momentum": 1.5}, {"exploration": -1}]
)
def test_parameters_out_of_range_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(bad))):
        registry.build("rmem", 4, 4, **bad)
