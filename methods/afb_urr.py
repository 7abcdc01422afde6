"""AFB-URR's adaptive feature bank: alike features are merged, seldom used ones leave.

    new location p: i = argmax_i cos(k_i, k_p)      per object, against the bank before the write
    cos >  0.95:  k_i <- |k_i| ((1 - 0.1) k_i / |k_i| + 0.1 mean_p k_p / |k_p|)      and v_i alike
    cos <= 0.95:  appended
    over budget:  the least used leave, used = sum over reads of log(1 + hits) / age in frames,
                  hits = query locations of the read that gave i a weight above 0.001
    R = V softmax(K^T Q / sqrt(key_dim))            per object, softmax over its own bank

Directions are mixed and not made unit vectors again: what is merged with unlike things fades, a
value the more so, as locations merge by their keys.

Shapes: per object K (key_dim, stored), V (value_dim, stored), Q (key_dim, pixels). State: at most
4 budget (key_dim + value_dim + 2) bytes an object. `cost` is the upper bound in which nothing is
alike, so that nothing is merged.

Unlike the paper: it keeps a bank for the background too, where this host segments each object by
itself; its budget is shared out over the classes, where it is per object here; and it clears
by whole steps of the usage, where here exactly as many leave as have to, a frame's own new
locations last, the newer ones first among equals.

Source: Liang, Li, Jafari, Chen, "Video Object Segmentation with Adaptive Feature Bank and
Uncertain-Region Refinement", NeurIPS 2020, arXiv:2010.07958.
"""

from __future__ import annotations

import math
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from vosbench.memory import (
    Cost,
    Frame,
    Growth,
    Memory,
    WritePolicy,
    attend_by_part,
    check_number,
    check_whole,
    join,
    keep_worthiest,
    part_numbers,
    parts,
    widen,
)
from vosbench.registry import register

HIT = 1e-3  # weight above which a query location counts as a use


class Features(NamedTuple):
    """The bank of one object."""

    key: Tensor  # K (key_dim, stored)
    value: Tensor  # V (value_dim, stored)
    born: Tensor  # (stored,) t of the frame it came from
    used: Tensor  # (stored,) sum over reads of log(1 + hits)


Banks = tuple[Features, ...]  # the state: banks differ in size, so there is one for each object


@register("afb_urr")
class AdaptiveFeatureBank(Memory):
    """Attention over a bank that merges what is alike and forgets what is not used.

    Args:
        key_dim: channels of keys and queries.
        value_dim: channels of values and readouts.
        budget: locations kept of each object.
        alike: cosine above which a new location is merged.
        rate: weight of what is merged.

    Raises:
        ValueError: `budget` below 1, or `alike` or `rate` outside 0..1.
    """

    growth = Growth.BOUNDED
    paper = "Liang et al., VOS with Adaptive Feature Bank, NeurIPS 2020, arXiv:2010.07958"
    policy = WritePolicy(every=1)
    capacity = "budget"
    no_onnx = MappingProxyType({"write": "over budget a stable sort picks; torch exports none"})

    def __init__(
        self, key_dim: int, value_dim: int, budget: int = 100_000, alike: float = 0.95,
        rate: float = 0.1,
    ) -> None:  # fmt: skip
        super().__init__(key_dim, value_dim)
        check_whole(1, budget=budget)
        check_number(">= 0", "<= 1", alike=alike, rate=rate)
        self.budget, self.alike, self.rate = budget, alike, rate

    def write(self, state: Banks | None, frame: Frame) -> Banks:
        """Merges or appends key (objects, key_dim, h, w) and value (objects, value_dim, h, w)."""
        key, value = frame.key.flatten(2), frame.value.flatten(2)
        mark = partial(torch.full, key.shape[2:], dtype=torch.float32, device=key.device)
        new = [Features(*kv, mark(frame.t), mark(0)) for kv in zip(key, value, strict=True)]
        if state is not None:
            new = [self._absorb(*pair) for pair in zip(state, new, strict=True)]
        return tuple(self._within_budget(bank, frame.t) for bank in new)

    def _absorb(self, bank: Features, new: Features) -> Features:
        unit = normalize(widen(bank.key), dim=0).mT
        asked = normalize(widen(new.key), dim=0)
        nearest = [(unit @ part).max(0) for part in parts(asked)]
        cosine, index = (torch.cat(x) for x in zip(*nearest, strict=True))
        near = cosine > self.alike
        into, rest = index[near], Features(*(x[..., ~near] for x in new))
        key = self._merge(bank.key, new.key[:, near], into)
        value = self._merge(bank.value, new.value[:, near], into)
        return join(bank._replace(key=key, value=value), rest)

    def _merge(self, old: Tensor, new: Tensor, into: Tensor) -> Tensor:
        """Columns of `old` drawn towards the mean direction of the new columns sent into each."""
        dtype, old, new = old.dtype, widen(old), widen(new)
        count = old.new_zeros(old.shape[1]).index_add(0, into, torch.ones_like(new[0]))
        mean = torch.zeros_like(old).index_add(1, into, normalize(new, dim=0)) / count.clamp_min(1)
        moved = old.norm(dim=0) * ((1 - self.rate) * normalize(old, dim=0) + self.rate * mean)
        return torch.where(count > 0, moved, old).to(dtype)

    def _within_budget(self, bank: Features, t: int) -> Features:
        if len(bank.born) <= self.budget:
            return bank
        age = (t - bank.born).clamp_min(1)
        worth = (bank.used / age).masked_fill(bank.born == t, math.inf)
        return keep_worthiest(bank, worth, self.budget)

    def read(self, state: Banks, query: Tensor) -> tuple[Tensor, Banks]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        asked = (widen(query).flatten(2) / math.sqrt(self.key_dim)).expand(len(state), -1, -1)
        readout = asked.new_empty(len(state), self.value_dim, asked.shape[2])
        banks = []
        for o, bank in enumerate(state):
            hits = torch.zeros_like(bank.used)
            attend_by_part(bank.key, bank.value, asked[o], readout[o], hits, hit=HIT)
            banks.append(bank._replace(used=bank.used + hits.log1p_()))
        readout = readout.to(state[0].value.dtype)
        return readout.view(*readout.shape[:2], *query.shape[2:]), tuple(banks)

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """The upper bound: nothing is alike. Sizes then follow from the budget."""
        stored, before = (min(n * pixels, self.budget) for n in (t, t - 1))
        wide = self.key_dim + self.value_dim
        reading = part_numbers(stored, pixels, self.value_dim)
        return Cost(
            read_macs=objects * stored * pixels * wide,
            write_macs=objects * before * pixels * self.key_dim,
            state_bytes=4 * objects * stored * (wide + 2),
            temporary_bytes=4 * (self.key_dim * pixels + reading),
        )
