"""What memories are matched in, and how much of it a method takes in a video.

By `cost()`, float32, of all objects and all frames of a video whose objects are given in frame 0.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import NamedTuple

from vosbench import registry
from vosbench.errors import UsageError, unknown
from vosbench.harness.growth.limit import parse_bytes, parse_macs
from vosbench.harness.settings import Settings
from vosbench.harness.subject import parse, split_policy
from vosbench.memory import Cost, Growth
from vosbench.model.network import preset


class Measure(NamedTuple):
    """What is to be equal."""

    option: str  # of the command line
    noun: str  # what grows
    stored: str  # its unit in a Record
    of: Callable[[Cost], int]
    parse: Callable[[str], int]  # a budget as typed
    unit: tuple[float, str]  # in which it is shown
    unseen: int  # frames at a video's end that do not count: the read of the last one precedes it


STATE = Measure(
    "--match-state", "state", "byte", attrgetter("state_bytes"), parse_bytes, (2**10, "KiB"), 0
)
MACS = Measure(
    "--match-macs", "read", "MAC", attrgetter("read_macs"), parse_macs, (1e6, "M multiply-adds"), 1
)


class Room(NamedTuple):
    """What a memory must hold of one video, and in how much."""

    pixels: int  # at stride 16
    objects: int
    frames: int
    limit: int  # bytes of state, or multiply-adds of a read


def limited(room: Room, budget: str, settings: Settings, measure: Measure) -> Room:
    """The room with the budget as its limit: an amount, or a method whose own it is.

    Raises:
        UsageError: a budget that is neither, or that grows.
    """
    method = parse(budget)[0]
    if method not in registry.methods():
        if method[:1].isalpha():
            raise unknown("amount or method", method, registry.methods())
        return room._replace(limit=measure.parse(budget))
    if registry.get(method).growth is Growth.LINEAR:
        raise UsageError(
            f"{measure.option} {budget}: its {measure.noun} grows; expected one that is bounded"
        )
    return room._replace(limit=most(budget, settings, room, measure))


def most(text: str, settings: Settings, room: Room, measure: Measure) -> int:
    """The most that a method takes at any frame of a video.

    Raises:
        UsageError: parameters that the method refuses.
    """
    method, given = parse(text)
    policy, rest = split_policy(registry.get(method).policy, given)
    shape = preset(settings.preset)
    dims = [rest.pop(name, getattr(shape, name)) for name in ("key_dim", "value_dim")]
    memory = registry.build(method, *dims, **rest)
    last = policy.seen(max(1, room.frames - measure.unseen))
    # what is bounded may be largest on the way: xmem_lt is, before it makes prototypes of frames
    first = 1 if memory.growth is Growth.BOUNDED else last
    times = range(first, last + 1)
    return max(measure.of(memory.cost(t, room.pixels, room.objects)) for t in times)
