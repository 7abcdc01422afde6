"""AFB-URR: merging above a cosine of 0.95, usage and the budget."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from tests.methods.support import (
    Array,
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


def unit(x: Array) -> Array:
    out: Array = x / np.linalg.norm(x)
    return out


class Naive:
    """One object's bank as a list of entries."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.bank: list[dict[str, Any]] = []

    def write(self, keys: list[Array], values: list[Array], t: int) -> None:
        old = [dict(e) for e in self.bank]
        sent: dict[int, list[int]] = {}
        for p, key in enumerate(keys):
            cosines = [float(unit(e["key"]) @ unit(key)) for e in old]
            if cosines and max(cosines) > 0.95:
                sent.setdefault(int(np.argmax(cosines)), []).append(p)
            else:
                self.bank.append({"key": key, "value": values[p], "born": t, "used": 0.0})
        for i, places in sent.items():
            for name, new in (("key", keys), ("value", values)):
                mean = np.mean([unit(new[p]) for p in places], axis=0)
                x = old[i][name]
                self.bank[i][name] = np.linalg.norm(x) * (0.9 * unit(x) + 0.1 * mean)
        self._forget(t)

    def _forget(self, t: int) -> None:
        while len(self.bank) > self.budget:
            worth = [math.inf if e["born"] == t else e["used"] / max(1, t - e["born"])
                     for e in self.bank]  # fmt: skip
            last = max(i for i, w in enumerate(worth) if w == min(worth))
            del self.bank[last]

    def read(self, queries: list[Array]) -> Array:
        hits = np.zeros(len(self.bank))
        out = []
        for q in queries:
            weights = softmax(np.array([dot(e["key"], q) for e in self.bank]))
            hits += weights > 1e-3
            out.append(sum(w * e["value"] for w, e in zip(weights, self.bank, strict=True)))
        for e, h in zip(self.bank, hits, strict=True):
            e["used"] += math.log(1 + h)
        return np.array(out).T


@pytest.mark.parametrize("budget", [4, 15, 1000])
def test_thirty_writes_and_reads_agree_with_the_rules_written_as_loops(budget: int) -> None:
    memory = build("afb_urr", 2, 3, budget=budget)
    naive = [Naive(budget) for _ in range(2)]
    state = None
    for t, item in enumerate(frames(memory, 30)):
        item = item._replace(t=3 * t, key=4 * item.key)
        state = memory.write(state, item)
        for o, bank in enumerate(naive):
            bank.write(pixels_of(item.key, o), pixels_of(item.value, o), item.t)
        if t % 3:
            asked = query(memory, seed=t)
            readout, state = memory.read(state, asked)
            expected = [bank.read(pixels_of(asked, o)) for o, bank in enumerate(naive)]
            assert close(readout, np.array(expected).reshape(2, 3, 2, 3))
        for bank, kept in zip(naive, state, strict=True):
            assert np.allclose(kept.key.T, [e["key"] for e in bank.bank])
            assert np.allclose(kept.used, [e["used"] for e in bank.bank], rtol=1e-5)
            assert kept.born.tolist() == [e["born"] for e in bank.bank]
    sizes = [len(kept.born) for kept in state]
    assert max(sizes) <= budget
    assert max(sizes) < 180  # of the 180 locations written some were merged


def frame(t: int, *vectors: tuple[float, float]) -> Frame:
    x = torch.tensor(vectors).double().T.reshape(1, 2, 1, -1)
    return Frame(x, x.clone(), x[:, :1], t, t == 0)


def test_a_merge_worked_out_by_hand() -> None:
    """cos = 24/25 = 0.96: (2, 0) drawn a tenth of the way towards (24, 7)/25, its length kept."""
    memory = build("afb_urr", 2, 2)
    state = write(memory, [frame(0, (2.0, 0.0)), frame(1, (48.0, 14.0))])
    (bank,) = state
    assert bank.key.flatten().tolist() == pytest.approx([2 * 0.996, 2 * 0.028])
    assert bank.value.flatten().tolist() == pytest.approx([2 * 0.996, 2 * 0.028])
    assert bank.born.tolist() == [0]


def test_two_locations_merged_into_one_count_by_their_mean() -> None:
    memory = build("afb_urr", 2, 2)
    state = write(memory, [frame(0, (2.0, 0.0)), frame(1, (48.0, 14.0), (24.0, -7.0))])
    assert state[0].key.flatten().tolist() == pytest.approx([2 * 0.996, 0.0])


@pytest.mark.parametrize(("cosine", "stored"), [(0.949, 2), (0.951, 1)])
def test_locations_merge_above_a_cosine_of_095(cosine: float, stored: int) -> None:
    memory = build("afb_urr", 2, 2)
    new = cosine, math.sqrt(1 - cosine**2)
    state = write(memory, [frame(0, (1.0, 0.0)), frame(1, new)])
    assert state[0].key.shape[1] == stored


def test_the_least_used_location_per_frame_of_age_leaves() -> None:
    memory = build("afb_urr", 2, 2, budget=3)
    state = write(memory, [frame(0, (1.0, 0.0), (0.0, 1.0)), frame(10, (-1.0, 0.0))])
    (bank,) = state
    # ages at t = 11: 11, 11, 1; uses per frame: 0.18, 0.36, 0.3
    state = (bank._replace(used=torch.tensor([2.0, 4.0, 0.3])),)
    (bank,) = memory.write(state, frame(11, (0.0, -1.0)))
    assert bank.key.T.tolist() == [[0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]]


def test_a_use_is_the_log_of_one_plus_the_query_locations_that_listened() -> None:
    memory = build("afb_urr", 1, 1)
    x = torch.tensor([10.0, -10.0]).double().view(1, 1, 1, 2)
    state = memory.write(None, Frame(x, x, x, 0, True))
    asked = torch.tensor([1.0, 2.0, -1.0]).double().view(1, 1, 1, 3)
    _, state = memory.read(state, asked)
    assert state[0].used.tolist() == pytest.approx([math.log(3), math.log(2)])


def test_what_is_not_alike_is_plain_attention() -> None:
    memory = build("afb_urr", 16, 3)
    items, asked = frames(memory, 3), query(memory)
    readout, _ = memory.read(write(memory, items), asked)
    assert close(readout, attention(items, asked))


def test_more_locations_than_a_chunk_merge_and_read_as_in_one_piece() -> None:
    memory = build("afb_urr", 16, 3)
    items = frames(memory, 2, (15, 20), 1)
    again = [items[0], items[1], items[0]._replace(t=2)]
    state = write(memory, again)
    assert state[0].key.shape[1] == 600
    asked = query(memory, (15, 20))
    assert close(memory.read(state, asked)[0], attention(items, asked))


@pytest.mark.parametrize("bad", [{"budget": 0}, {"budget": 1.5}, {"alike": 1.5}, {"rate": -0.1}])
def test_parameters_out_of_range_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(bad))):
        registry.build("afb_urr", 4, 4, **bad)
