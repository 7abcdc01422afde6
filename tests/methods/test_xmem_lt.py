"""XMem's long-term memory: similarity, usage, consolidation, eviction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from tests.methods.support import (
    Array,
    attention,
    build,
    close,
    distance,
    frames,
    pixels_of,
    query,
    softmax,
    top,
    write,
)
from vosbench import registry
from vosbench.errors import UsageError
from vosbench.memory import Frame, Memory


def untie(memory: Memory) -> Memory:
    """Shrinkage and selection away from their neutral start."""
    torch.manual_seed(1)
    for parameter in memory.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    return memory


@dataclass
class Place:
    """One location of the naive memory."""

    key: Array
    s: float
    values: list[Array]  # one per object
    uses: float = 0.0
    reads: int = 0

    @property
    def usage(self) -> float:
        return self.uses / max(1, self.reads)


class Naive:
    """XMem's memory as lists of places, one number at a time."""

    def __init__(self, memory: Memory, pixels: int) -> None:
        self.m: Any = memory
        self.pixels = pixels
        self.long: list[Place] = []
        self.work: list[Place] = []

    def _project(self, layer: torch.nn.Conv1d, key: Array) -> Array:
        weight, bias = (x.detach().numpy() for x in (layer.weight[..., 0], layer.bias))
        out: Array = weight @ key + bias
        return out

    def similarity(self, place: Place, q: Array) -> float:
        e = 2 / (1 + np.exp(-self._project(self.m.select, q)))
        return -place.s * float((e * (place.key - q) ** 2).sum()) / math.sqrt(len(q))

    def write(self, frame: Frame) -> None:
        objects = len(frame.value)
        values = [pixels_of(frame.value, o) for o in range(objects)]
        for p, key in enumerate(pixels_of(frame.key, 0)):
            s = math.log1p(math.exp(float(self._project(self.m.shrink, key)[0]))) / math.log(2)
            self.work.append(Place(key, s, [v[p] for v in values]))
        if len(self.work) == self.m.most * self.pixels:
            self._consolidate()

    def _consolidate(self) -> None:
        end = len(self.work) - (self.m.least - 1) * self.pixels
        many = self.work[self.pixels : end]
        count = min(self.m.prototypes, len(many) // 2)
        made = []
        for few in self._best(many, count):
            weights = softmax(np.array([self.similarity(x, few.key) for x in many]))
            values = [
                sum(w * x.values[o] for w, x in zip(weights, many, strict=True))
                for o in range(len(few.values))
            ]
            s = sum(float(w) * x.s for w, x in zip(weights, many, strict=True))
            made.append(Place(few.key, s, values))  # type: ignore[arg-type]
        self.long = self._best(self.long, self.m.long_term - count) + made
        self.work = self.work[: self.pixels] + self.work[end:]

    @staticmethod
    def _best(places: list[Place], count: int) -> list[Place]:
        order = sorted(range(len(places)), key=lambda i: -places[i].usage)[:count]
        return [places[i] for i in sorted(order)]

    def read(self, asked: torch.Tensor, objects: int) -> Array:
        places = self.long + self.work
        queries = pixels_of(asked, 0)
        out = np.zeros((objects, self.m.value_dim, len(queries)))
        for j, q in enumerate(queries):
            column = np.array([self.similarity(x, q) for x in places])
            weights = softmax(top(column, self.m.top_k))
            for w, place in zip(weights, places, strict=True):
                place.uses += float(w)
                for o in range(objects):
                    out[o, :, j] += w * place.values[o]
        for place in places:
            place.reads += 1
        return out.reshape(objects, self.m.value_dim, *asked.shape[2:])


def test_forty_writes_and_reads_agree_with_the_rules_written_as_loops() -> None:
    memory = untie(build("xmem_lt", most=4, least=2, prototypes=5, long_term=13, top_k=7))
    naive, state = Naive(memory, 6), None
    for t, item in enumerate(frames(memory, 40)):
        state = memory.write(state, item)
        naive.write(item)
        if t % 5 != 4:
            asked = query(memory, seed=t)
            readout, state = memory.read(state, asked)
            assert close(readout, naive.read(asked, 2))
        places = naive.long + naive.work
        assert state.long == len(naive.long)
        assert np.allclose(state.store.uses.flatten(), [x.uses for x in places])
        assert state.store.reads.flatten().tolist() == [x.reads for x in places]
        assert np.allclose(state.store.shrinkage.detach().flatten(), [x.s for x in places])
    assert state.long == 13


def test_untrained_it_is_stcn_until_the_first_consolidation() -> None:
    memory = build("xmem_lt")
    items, asked = frames(memory, 9), query(memory)
    readout, _ = memory.read(write(memory, items), asked)
    assert close(readout, attention(items, asked, distance, 30))


def test_sizes_counted_by_hand() -> None:
    """4 pixels; 4 frames are consolidated to 2 and 4 prototypes (half of the 8 candidates)."""
    memory = build("xmem_lt", most=4, least=2, long_term=10, prototypes=8)
    state, sizes = None, []
    for item in frames(memory, 10, (2, 2)):
        state = memory.write(state, item)
        sizes.append((state.long, state.store.key.shape[2] - state.long))
    assert sizes == [(0, 4), (0, 8), (0, 12), (4, 8), (4, 12), (8, 8), (8, 12), (10, 8), (10, 12),
                     (10, 8)]  # fmt: skip


def test_the_most_used_locations_become_prototypes_and_the_least_used_prototypes_leave() -> None:
    memory = build("xmem_lt", 1, 1, most=3, least=2, prototypes=1, long_term=2)
    x = torch.arange(2).double().view(1, 1, 1, 2)

    def frame(t: int) -> Frame:
        return Frame(x + 10 * t, x, x, t, t == 0)

    def use(state: Any, uses: list[float]) -> Any:
        tensor = torch.tensor(uses).double().view(1, 1, -1)
        return state._replace(store=state.store._replace(uses=tensor, reads=tensor * 0 + 2))

    state = use(write(memory, [frame(0), frame(1)]), [9.0, 9.0, 1.0, 2.0])
    state = memory.write(state, frame(2))  # candidates 10 and 11: 11 was used more
    assert state.store.key.flatten().tolist() == [11, 0, 1, 20, 21]
    state = use(state, [5.0, 9.0, 9.0, 3.0, 2.0])
    state = memory.write(state, frame(3))  # 20 was used more; there is room
    assert state.store.key.flatten().tolist() == [11, 20, 0, 1, 30, 31]
    state = use(state, [4.0, 5.0, 9.0, 9.0, 6.0, 7.0])
    state = memory.write(state, frame(4))  # 31 comes; 11 was used less than 20
    assert state.store.key.flatten().tolist() == [20, 31, 0, 1, 40, 41]
    assert state.store.uses.flatten().tolist()[1] == 0


def test_usage_is_attention_received_and_sums_to_one_per_query_location() -> None:
    memory = build("xmem_lt")
    state = write(memory, frames(memory, 3))
    _, once = memory.read(state, query(memory))
    _, twice = memory.read(once, query(memory))
    assert float(once.store.uses.sum()) == pytest.approx(6)
    assert float(twice.store.uses.sum()) == pytest.approx(12)
    assert set(twice.store.reads.flatten().tolist()) == {2.0}
    assert not state.store.uses.any()


def test_a_frame_larger_than_a_chunk_of_queries_is_read_as_in_one_piece() -> None:
    memory = build("xmem_lt")
    items, asked = frames(memory, 1, (2, 3)), query(memory, (17, 31))
    state = write(memory, items)
    readout, after = memory.read(state, asked)
    assert close(readout, attention(items, asked, distance))
    assert float(after.store.uses.sum()) == pytest.approx(17 * 31)


@pytest.mark.parametrize(
    "bad", [{"least": 0}, {"least": 10}, {"prototypes": 0}, {"long_term": 100}, {"most": 7.5}]
)
def test_parameters_out_of_range_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(bad))):
        registry.build("xmem_lt", 4, 4, **bad)


def test_training_reaches_shrinkage_and_selection_from_their_neutral_start() -> None:
    memory = build("xmem_lt").train()
    items, asked = frames(memory, 2), query(memory)
    memory.read(write(memory, items), asked)[0].square().sum().backward()
    for name, parameter in memory.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
