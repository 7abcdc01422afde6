"""XMem's working and long-term memory: whole frames first, then a few prototypes of many frames.

    S_ij = -s_i sum_c e_cj (k_ci - q_cj)^2 / sqrt(key_dim)     shrinkage s, selection e
    A    = softmax of the top 30 entries of each column of S, zero elsewhere;    R = V A
    u_i  = (sum of A_ij over all reads and j) / (number of reads)                usage

When the working memory reaches `most` frames, those between the first and the `least` - 1 last
become at most `prototypes` prototypes: the most used locations i, with the values V' = V softmax(S)
where S compares all their locations (as memory) with the prototypes (as queries); s likewise. The
long-term memory holds `long_term` prototypes; to make room, the least used leave.

Shapes: K (1, key_dim, stored), V (objects, value_dim, stored), Q (objects or 1, key_dim, pixels).
State: at most (most - 1) pixels + long_term locations of 4 (key_dim + objects value_dim + 3) bytes.

Unlike the paper: s = 1 + x^2 and e = sigmoid(x) are 3x3 convolutions of the encoder's features
there; here x is a 1x1 convolution of the key, s = softplus(x) / log 2 and e = 2 sigmoid(x), both 1
at the start: untrained, S is STCN's. Prototypes are at most half of their candidates, for small
frames. Ties go to the older location. No sensory memory: it is a recurrent state of the decoder.

Source: Cheng, Schwing, "XMem: Long-Term Video Object Segmentation with an Atkinson-Shiffrin Memory
Model", ECCV 2022, arXiv:2207.07115.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from vosbench.memory import (
    Cost,
    Frame,
    Growth,
    KeyScope,
    Memory,
    WritePolicy,
    attend_by_part,
    check_whole,
    join,
    keep_worthiest,
    l2_left,
    l2_right,
    part_numbers,
    widen,
)
from vosbench.registry import register


class Store(NamedTuple):
    """Locations: the long-term ones first, then whole frames in the order of writing."""

    key: Tensor  # (1, key_dim, stored)
    shrinkage: Tensor  # s (1, 1, stored)
    value: Tensor  # (objects, value_dim, stored)
    uses: Tensor  # (1, 1, stored) sum of attention over reads
    reads: Tensor  # (1, 1, stored) number of reads


class Memories(NamedTuple):
    """The state."""

    store: Store
    long: int  # how many locations are long-term


@register("xmem_lt")
class LongTerm(Memory):
    """Anisotropic L2 attention over recent frames and consolidated prototypes.

    Args:
        key_dim: channels of keys and queries (64 in the paper).
        value_dim: channels of values and readouts.
        most: frames at which the working memory is consolidated.
        least: frames that stay then, the first one included.
        prototypes: made at a time, at most.
        long_term: prototypes kept, at most.
        top_k: stored locations that answer a query location in evaluation.

    Raises:
        ValueError: a number is out of its range.
    """

    growth = Growth.BOUNDED
    key_scope = KeyScope.SHARED
    paper = "Cheng, Schwing, XMem, ECCV 2022, arXiv:2207.07115"
    policy = WritePolicy(every=5)
    no_onnx = MappingProxyType({"write": "a stable sort picks prototypes; torch exports none"})

    def __init__(
        self, key_dim: int, value_dim: int, most: int = 10, least: int = 5, prototypes: int = 128,
        long_term: int = 10_000, top_k: int = 30,
    ) -> None:  # fmt: skip
        super().__init__(key_dim, value_dim)
        check_whole(1, least=least, prototypes=prototypes, top_k=top_k)
        check_whole(least + 1, most=most)
        check_whole(prototypes, long_term=long_term)
        self.most, self.least, self.top_k = most, least, top_k
        self.prototypes, self.long_term = prototypes, long_term
        self.shrink, self.select = nn.Conv1d(key_dim, 1, 1), nn.Conv1d(key_dim, key_dim, 1)
        for parameter in self.parameters():
            nn.init.zeros_(parameter)

    def write(self, state: Memories | None, frame: Frame) -> Memories:
        """Appends key (1, key_dim, h, w) and value (objects, value_dim, h, w); may consolidate."""
        key = frame.key.flatten(2)
        new = _unread(key, softplus(self.shrink(key)) / math.log(2), frame.value.flatten(2))
        store, long = (new, 0) if state is None else (join(state.store, new), state.long)
        pixels = key.shape[2]
        if store.key.shape[2] - long < self.most * pixels:
            return Memories(store, long)
        sizes = [long, pixels, (self.most - self.least) * pixels, (self.least - 1) * pixels]
        cut = zip(*(torch.split(x, sizes, 2) for x in store), strict=True)
        old, first, middle, last = (Store(*xs) for xs in cut)
        made = self._consolidate(middle)
        old = _most_used(old, self.long_term - made.key.shape[2])
        return Memories(join(old, made, first, last), old.key.shape[2] + made.key.shape[2])

    def _made(self, candidates: int) -> int:
        return max(1, min(self.prototypes, candidates // 2))

    def _consolidate(self, many: Store) -> Store:
        """Prototypes of many locations."""
        few = _most_used(many, self._made(many.key.shape[2]))
        score = l2_left(many.key, many.shrinkage).mT @ self._asked(few.key)
        weight = score.softmax(1).to(many.value.dtype)
        return _unread(few.key, many.shrinkage @ weight, many.value @ weight)  # k, s', V'

    def _asked(self, query: Tensor) -> Tensor:
        """A query's side of S: (objects or 1, 2 key_dim + 1, pixels)."""
        e = widen(self.select(query)).sigmoid() * (2 / math.sqrt(self.key_dim))
        return l2_right(query, e)

    def read(self, state: Memories, query: Tensor) -> tuple[Tensor, Memories]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        store, asked = state.store, self._asked(query.flatten(2))
        readout = asked.new_empty(*store.value.shape[:2], asked.shape[2])
        drawn = asked.new_zeros(max(len(asked), len(store.key)), store.key.shape[2])  # sum_j A_ij
        k = None if self.training else self.top_k
        left = l2_left(store.key, store.shrinkage)
        attend_by_part(left, store.value, asked, readout, drawn, k=k)
        drawn = drawn.view(len(store.uses), -1, drawn.shape[1]).mean(1, keepdim=True)
        store = store._replace(uses=store.uses + drawn, reads=store.reads + 1)
        readout = readout.to(store.value.dtype).view(*readout.shape[:2], *query.shape[2:])
        return readout, state._replace(store=store)

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """Exact: how many locations there are does not depend on what they hold."""
        c, v, both = self.key_dim, objects * self.value_dim, 2 * self.key_dim + 1
        step = self.most - self.least  # frames consolidated at a time
        done, since = divmod(max(0, t - self.least), step)
        many, few = step * pixels, self._made(step * pixels)
        stored = (t - done * step) * pixels + min(done * few, self.long_term)
        consolidating = few * c * c + many * few * (both + 1 + v) if done and not since else 0
        reading = stored + part_numbers(stored, pixels, v, self.top_k)
        peak = both * stored + max(2 * c * stored - v * pixels, reading)
        return Cost(
            read_macs=pixels * (c * c + stored * (both + v)),
            write_macs=pixels * c + consolidating,
            state_bytes=4 * stored * (c + v + 3),
            temporary_bytes=4 * (both * pixels + peak - 2 * stored),
        )


def _unread(key: Tensor, s: Tensor, value: Tensor) -> Store:
    return Store(key, s, value, *(torch.zeros_like(widen(s.detach())) for _ in range(2)))


def _most_used(store: Store, count: int) -> Store:
    """The `count` most used locations, in their order; all where there are no more."""
    usage = store.uses / store.reads.clamp_min(1)  # u (1, 1, stored)
    return keep_worthiest(store, usage[:, 0], count)
