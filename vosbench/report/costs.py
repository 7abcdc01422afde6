"""Multiply-adds, bytes and times from the records, one setting at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from vosbench.report import own
from vosbench.report.evidence import Evidence
from vosbench.report.settings import Setting, split

STAGES = ("encode", "read", "decode", "memory_encode", "write")
OF_A_WRITE = ("memory_encode", "write")  # stages that only a frame that is written goes through
STATED = "analytic"  # a protocol of bytes or multiply-adds: what the formula says
COUNTERS = ("fvcore", "torch", STATED)  # the order of choice where several counted as much
BYTE_PROTOCOLS = ("measured", STATED)  # each may go on: "measured to t = 2000, in 4 GiB"


@dataclass(frozen=True)
class Costs:
    """All rows of one cost harness in one setting."""

    setting: Setting
    rows: pd.DataFrame

    @cached_property
    def _values(self) -> dict[str, dict[tuple[str, int | None], float]]:
        """Label -> (metric, t) -> value. A method measured with two weights costs the same: the
        later measurement stands, whole.
        """
        names = self.rows[["label", "weights"]].astype(str)
        last = names.label.map(dict(zip(names.label, names.weights, strict=True)))
        rows = self.rows[(names.weights == last) & self.rows.value.notna()]
        found: dict[str, dict[tuple[str, int | None], float]] = {}
        times = [None if pd.isna(t) else int(t) for t in rows.t]
        labels, metrics = rows.label.astype(str), rows.metric.astype(str)
        for label, metric, t, x in zip(labels, metrics, times, rows.value, strict=True):
            found.setdefault(label, {})[metric, t] = float(x)
        return found

    @property
    def labels(self) -> list[str]:
        """Methods measured here, sorted."""
        return sorted(self._values)

    @cached_property
    def writes(self) -> dict[str, str]:
        """Label -> its write policy in words, where the store notes it."""
        return own.writes(self.rows)

    def at(self, label: str, metric: str, t: int | None) -> float | None:
        """One number, or None: at frame t, or of the whole cell where t is None."""
        return self._values.get(label, {}).get((metric, t))

    def whole(self, label: str) -> dict[str, float]:
        """Every number of a method that is of the whole cell, by metric."""
        return self.every(label, None)

    def every(self, label: str, t: int | None) -> dict[str, float]:
        """Every number of a method at frame t, by metric."""
        return {name: x for (name, at), x in self._values.get(label, {}).items() if at == t}

    def series(self, label: str, metric: str) -> tuple[np.ndarray, np.ndarray]:
        """T and a metric's values there, for one method; empty where it has none."""
        mine = self._values.get(label, {})
        pairs = sorted((t, x) for (name, t), x in mine.items() if name == metric and t is not None)
        both = np.array(pairs, dtype=float).reshape(-1, 2)
        return both[:, 0], both[:, 1]

    def times(self, label: str) -> list[int]:
        """Every t of a method, ascending."""
        return sorted({t for _, t in self._values.get(label, {}) if t is not None})

    @cached_property
    def common_t(self) -> int | None:
        """The largest t that every method here was measured at, of those that reached any."""
        return max(self.common_times, default=None)

    @cached_property
    def common_times(self) -> list[int]:
        """Every t that every method here was measured at, ascending."""
        every = [set(times) for label in self.labels if (times := self.times(label))]
        return sorted(set.intersection(*every)) if every else []

    def stage_macs(self, label: str, t: int) -> dict[str, float]:
        """Multiply-adds of each stage at t; a stage that does not depend on t is stored once."""
        found = {}
        for stage in STAGES:
            value = self.at(label, f"{stage}_macs", t)
            value = self.at(label, f"{stage}_macs", None) if value is None else value
            if value is not None:
                found[stage] = value
        return found

    def whole_frame(self, label: str) -> tuple[np.ndarray, np.ndarray]:
        """T and the multiply-adds of all stages together, those of a write by the share of frames
        that are written; empty where a stage was not counted or the policy is not noted.
        """
        times, share = self.times(label), self._written.get(label)
        stages = [self.stage_macs(label, t) for t in times]
        if not stages or share is None or any(len(found) < len(STAGES) for found in stages):
            return np.empty(0), np.empty(0)
        macs = [sum(x * (share if k in OF_A_WRITE else 1) for k, x in s.items()) for s in stages]
        return np.array(times, float), np.array(macs)

    @cached_property
    def _written(self) -> dict[str, float]:
        return own.written(self.rows)


@dataclass(frozen=True)
class Beside:
    """The costs that stand beside one accuracy setting (or alone); None where not measured."""

    flops: Costs | None
    growth: Costs | None
    speed: Costs | None
    elsewhere: Sequence[Costs] = ()  # growth in other settings, such as within a memory limit

    @property
    def labels(self) -> list[str]:
        return sorted({x for costs in (self.flops, self.growth, self.speed) if costs
                       for x in costs.labels})  # fmt: skip


def all_costs(evidence: Evidence, harness: str) -> list[Costs]:
    """One `Costs` per setting of a harness."""
    return [Costs(setting, part) for setting, part in split(harness, evidence.of(harness))]


def by_protocol(found: list[Costs]) -> dict[Setting, dict[str, Costs]]:
    """Costs of settings that differ in nothing but their protocol: setting without it -> protocol
    -> costs.
    """
    groups: dict[Setting, dict[str, Costs]] = {}
    for costs in found:
        like = replace(costs.setting, protocol="")
        groups.setdefault(like, {})[costs.setting.protocol] = costs
    return groups


def choose(found: list[Costs], like: Setting | None = None) -> Costs | None:
    """The setting to show in one column beside an accuracy setting: it must share preset, size,
    precision and tool with it, and for speed the machine. Bytes that were measured come before
    those of a formula. Of several, the one on the same data with most methods, counted by the
    protocol first in COUNTERS or BYTE_PROTOCOLS.
    """
    fitting = [costs for costs in found if like is None or _fits(costs.setting, like)]
    return min(fitting, key=lambda costs: _order(costs, like), default=None)


def _fits(setting: Setting, like: Setting) -> bool:
    same = ["preset", "precision", "tool"]
    if setting.harness == "speed":
        same += ["device", "device_name", "machine"]
    sizes = like.size.split(", ")
    return setting.size in sizes and all(getattr(setting, x) == getattr(like, x) for x in same)


def _order(costs: Costs, like: Setting | None) -> tuple[object, ...]:
    protocol = costs.setting.protocol
    known = COUNTERS if costs.setting.harness == "flops" else BYTE_PROTOCOLS
    rank = next((i for i, name in enumerate(known) if protocol.startswith(name)), len(known))
    elsewhere = like is not None and costs.setting.dataset != like.dataset
    stated = costs.setting.harness == "growth" and protocol.startswith(STATED)
    return (stated, elsewhere, -len(costs.labels), rank, costs.setting.describe())
