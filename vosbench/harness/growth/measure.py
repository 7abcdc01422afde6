"""The rows of a memory's growth."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from vosbench.errors import PluginError
from vosbench.harness.features import Features, Host
from vosbench.harness.growth.contract import FAR, broken
from vosbench.harness.growth.limit import show_bytes
from vosbench.harness.growth.sample import ERROR, End, Follower, Sample, resident_bytes
from vosbench.harness.settings import GROWTH_T, Settings
from vosbench.harness.subject import Subject
from vosbench.memory import Growth, Memory, WritePolicy
from vosbench.metrics import power
from vosbench.results import Row

_STEPS = (1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8)  # a decade in ten steps (R10, ISO 3)


def times(last: int) -> tuple[int, ...]:
    """Frames from 1 to `last` in steps of a quarter, rounded to whole ones; 1, 2, 5 among them.

    >>> times(20)
    (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20)
    """
    every = {round(10**e * step) for e in range(len(str(last))) for step in _STEPS}
    return (*sorted(t for t in every if t < last), last)


def protocols(settings: Settings) -> tuple[str, str]:
    """Names of the two ways; what differs from the default is part of the name.

    >>> protocols(Settings(methods=(), growth_t=2000, memory_limit=2**32))
    ('measured to t = 2000, every frame in 4 GiB', 'analytic to t = 2000')
    """
    far = "" if settings.growth_t == GROWTH_T else f" to t = {settings.growth_t}"
    limit = settings.memory_limit
    within = f", every frame in {show_bytes(limit)}" if limit else ""
    return f"measured{far}{within}", f"analytic{far}"


def measure(
    subject: Subject, protocol: str, size: tuple[int, int], objects: int, times: tuple[int, ...]
) -> list[Row]:
    """State and peak temporary bytes when frame t is read, and how the state grows.

    Measured rows at each t, in bytes: `state_bytes` (distinct storages of what the read sees),
    `branch_bytes` (what is kept beside it, see `Host`), `read_temporary_bytes` and
    `write_temporary_bytes` (beyond what the step returns), `peak_bytes` (all of these, and what the
    larger step returns: has to fit into the limit), `rss_bytes` (of the whole process: for
    orientation). Frame t counts as written, whether the policy writes it or not. There are rows
    also where a state turns between the t asked for, see `stops`: the largest state of all t is
    among them, and so is the largest peak, unless a step needs more than those beside it and
    leaves the state's size in step. Without t: `state_growth_exponent` with `_low` and `_high`, of
    the last decade of t; `state_bound_bytes` (of a bounded one, by cost()); `memory_limit_bytes`,
    and `ends_at_t` with `ends_because:<reason>`, where there are such.

    Args:
        subject: the method.
        protocol: one of `protocols`: measured, or what `Memory.cost` states.
        size: (H, W) that the network sees, multiples of 16.
        objects: segmented together.
        times: frame indices.

    Raises:
        PluginError: the state grows otherwise than the memory declares.
    """
    grid, memory = (size[0] // 16, size[1] // 16), subject.network.memory
    bound = _bound_rows(memory, grid, objects)
    if protocol.startswith("analytic"):
        return formula(memory, subject.policy, grid, objects, times) + bound
    features = Features(memory, grid, objects, next(subject.network.parameters()).device)
    with torch.inference_mode():
        return track(features, subject.policy, times, subject.settings.memory_limit) + bound


def formula(
    memory: Memory, policy: WritePolicy, grid: tuple[int, int], objects: int, times: tuple[int, ...]
) -> list[Row]:
    """What `Memory.cost` says."""
    rows = []
    for t in times:
        cost = memory.cost(policy.seen(t), grid[0] * grid[1], objects)
        rows += [
            Row(None, t, "state_bytes", cost.state_bytes, "byte"),
            Row(None, t, "read_temporary_bytes", cost.temporary_bytes, "byte"),
        ]
    return rows


def track(
    features: Features, policy: WritePolicy, times: tuple[int, ...], limit: int | None = None
) -> list[Row]:
    """What is counted while the memory runs on random features.

    Raises:
        PluginError: as `measure`.
    """
    rows: list[Row] = []
    samples: list[Sample] = []
    if limit is not None:
        rows.append(Row(None, None, "memory_limit_bytes", limit, "byte"))
    for found in Follower(limit).samples(Host(features, policy), times):
        if isinstance(found, End):
            rows += [
                Row(None, None, "ends_at_t", found.t, "frame"),
                Row(None, None, f"ends_because:{found.because}", 1, "1"),
            ]
        else:
            samples.append(found)
            rows += _sample_rows(found)
    if samples:
        _held(features, samples)
    even = {*times, *(s.t for s in samples[-1:])}  # a fit to turns would be one to their number
    return rows + _exponent_rows([s for s in samples if s.t in even])


def _held(features: Features, samples: Sequence[Sample]) -> None:
    """A PluginError unless the state grows as the memory declares."""
    memory, pixels = features.memory, features.grid[0] * features.grid[1]
    sizes = [(s.t, s.state) for s in samples]
    if breach := broken(
        memory.growth, lambda t: memory.cost(t, pixels, features.objects).state_bytes, sizes
    ):
        expected, got = breach
        raise PluginError(
            f"declares {memory.growth} growth: expected {expected}; got {got}; "
            "keep to it, or declare what is true"
        )


def cut_short(rows: Sequence[Row]) -> bool:
    """Whether it was the room of the machine or the worker, and no limit, that ended a method."""
    return any(row.metric == f"ends_because:{ERROR}" for row in rows)


def _sample_rows(s: Sample) -> list[Row]:
    values = {
        "state_bytes": s.state, "branch_bytes": s.branch, "peak_bytes": s.peak,
        "read_temporary_bytes": s.read.temporary, "write_temporary_bytes": s.write.temporary,
    }  # fmt: skip
    resident = resident_bytes()
    if resident is not None:
        values["rss_bytes"] = resident
    return [Row(None, s.t, name, value, "byte") for name, value in values.items()]


def _bound_rows(memory: Memory, grid: tuple[int, int], objects: int) -> list[Row]:
    if memory.growth is not Growth.BOUNDED:
        return []
    bound = memory.cost(FAR, grid[0] * grid[1], objects).state_bytes
    return [Row(None, None, "state_bound_bytes", bound, "byte")]


def _exponent_rows(samples: Sequence[Sample]) -> list[Row]:
    t, state = [s.t for s in samples], [s.state for s in samples]
    found = power.last_decade(t, state)
    if found is None:
        return []
    name = "state_growth_exponent"
    return [
        Row(None, None, name, found.value, "1"),
        Row(None, None, f"{name}_low", found.low, "1"),
        Row(None, None, f"{name}_high", found.high, "1"),
    ]
