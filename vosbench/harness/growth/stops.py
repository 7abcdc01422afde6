"""The frames at which a memory is looked at, so that what lies between them cannot be larger.

A state that rises evenly needs most at the end of the rise. A bank that consolidates or evicts
does not: its bytes are a sawtooth, and teeth lie between any times chosen beforehand. So the size
of the state is followed over every frame, which costs little, and frames around each change that
is out of step are looked at as well. A memory that declares linear growth is spared: it turns
nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from vosbench.harness.features import Host
from vosbench.memory import Growth, WritePolicy, state_bytes


def stops(host: Host, times: tuple[int, ...]) -> Iterator[Host]:
    """The host at each t of `times`, at its `crest`, and before each turn; in the order of t.

    A turn is a change of the state's bytes other than one write period before. It goes on until
    the memory's own error ends it; `host.t` is then the frame that it failed at.
    """
    policy, linear = host.policy, host.features.memory.growth is Growth.LINEAR
    asked = {s for t in times for s in (crest(policy, t), t)}
    usual: dict[int, int] = {}  # frame within a write period -> how its size changed there last
    size = 0
    for t in sorted(asked) if linear else range(1, max(times) + 1):
        before, was = replace(host), size
        host.advance(t)
        if not linear:
            size, phase = state_bytes(host.kept, host.live), t % policy.every
            turned = size - was != usual.get(phase, 0)
            usual[phase] = size - was
            if turned and before.t and before.t not in asked:
                yield before
        if t in asked:
            yield replace(host)


def crest(policy: WritePolicy, t: int) -> int:
    """Frame t, or the one before where that needs more: it holds a branch that is kept at t.

    >>> policy = WritePolicy(every=5, include_previous=True)
    >>> [crest(policy, t) for t in (14, 15, 16, 17)]
    [14, 15, 15, 17]
    """
    branches = policy.include_previous and policy.every > 1
    return t - 1 if branches and t > 1 and policy.keeps(t - 1, given=False) else t
