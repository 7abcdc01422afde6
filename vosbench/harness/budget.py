"""Memories capped to one budget of state bytes, so that equal room is what is compared.

    linear state    every nth frame is written, n the least whose frames fit at the video's end, and
                    the previous frame is not looked at besides
    `capacity`      the parameter that bounds the state takes the largest value that fits
    otherwise       as it is where it fits, left out where it does not

Bytes are those of `cost()`, float32, of all objects and all frames of a video whose objects are
given in frame 0. They must fit in every video; a state that cannot be set may be 1 % too large.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from vosbench import registry
from vosbench.data import Dataset, Video
from vosbench.errors import UsageError
from vosbench.harness.growth import parse_bytes, show_bytes
from vosbench.harness.settings import Settings
from vosbench.harness.subject import POLICY, parse, split_policy
from vosbench.memory import Growth
from vosbench.model.frames import STRIDE, Fit
from vosbench.model.network import preset

SMALLEST = 4  # a capacity may start as high as this: rmem keeps two frames at least
LARGEST = 2**20  # no capacity is tried beyond
OVER = 1.01  # a few numbers beside a matrix, as livos's gate keeps, do not make another budget


class Room(NamedTuple):
    """What a state must hold of one video, and in how many bytes."""

    pixels: int  # at stride 16
    objects: int
    frames: int
    limit: int  # bytes


class Capped(NamedTuple):
    """A method with its cap, as a user would type it, and its largest state in the first video."""

    text: str
    state_bytes: int
    limit: int
    fits: bool

    def __str__(self) -> str:
        sizes = f"{self.state_bytes / 1024:.1f} of {self.limit / 1024:.1f} KiB"
        return f"{self.text}: {sizes}" + ("" if self.fits else "; left out, no setting fits")


def match(settings: Settings, budget: str, datasets: Sequence[Dataset]) -> list[Capped]:
    """The methods of a run, each capped to a budget.

    Args:
        settings: of the run; its methods as typed. A capacity or policy_every in them is replaced.
        budget: a size, as 1MiB, or a method, whose own state in each video is the budget then.
        datasets: of the run.

    Raises:
        UsageError: a budget that is neither or that grows; no method fits; a method's parameters.
    """
    rooms = [_room(video, settings, budget) for dataset in datasets for video in dataset.videos]
    found = [_capped(text, settings, rooms) for text in settings.methods]
    if not any(one.fits for one in found):
        raise UsageError(
            f"--match-state {budget}: no method fits into {show_bytes(rooms[0].limit)}; expected "
            "room for one: give more bytes"
        )
    return found


def _room(video: Video, settings: Settings, budget: str) -> Room:
    side = settings.short_side or preset(settings.preset).short_side
    height, width = Fit.of(video.size, side).padded
    pixels = (height // STRIDE) * (width // STRIDE)
    room = Room(pixels, len(video.objects), len(video), 0)
    method = parse(budget)[0]
    if method not in registry.methods():
        return room._replace(limit=parse_bytes(budget))
    if registry.get(method).growth is Growth.LINEAR:
        raise UsageError(f"--match-state {budget}: its state grows; expected one that is bounded")
    return room._replace(limit=_state(budget, settings, room))


def _state(text: str, settings: Settings, room: Room) -> int:
    """The most bytes that a method's state has in a video."""
    method, given = parse(text)
    policy, rest = split_policy(registry.get(method).policy, given)
    shape = preset(settings.preset)
    dims = [rest.pop(name, getattr(shape, name)) for name in ("key_dim", "value_dim")]
    memory = registry.build(method, *dims, **rest)
    last = policy.seen(room.frames)
    # what is bounded may be largest on the way: xmem_lt is, before it makes prototypes of frames
    first = 1 if memory.growth is Growth.BOUNDED else last
    times = range(first, last + 1)
    return max(memory.cost(t, room.pixels, room.objects).state_bytes for t in times)


def _capped(text: str, settings: Settings, rooms: Sequence[Room]) -> Capped:
    method = registry.get(parse(text)[0])
    over = 1 if method.growth is Growth.LINEAR or method.capacity else OVER

    def fits(changed: str) -> bool:
        return all(_state(changed, settings, room) <= over * room.limit for room in rooms)

    if method.growth is Growth.LINEAR:
        text = _thinned(text, max(room.frames for room in rooms), fits)
    elif method.capacity:
        text = _filled(text, method.capacity, fits)
    return Capped(text, _state(text, settings, rooms[0]), rooms[0].limit, fits(text))


def _thinned(text: str, frames: int, fits: Callable[[str], bool]) -> str:
    """With the least number of frames between two writes that fits, or the first frame alone."""

    def written(every: int) -> str:
        return _with(text, **{POLICY + "every": every, POLICY + "include_previous": False})

    low, high = 0, frames  # high: the first frame alone
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(written(middle)) else (middle, high)
    return written(high)


def _filled(text: str, capacity: str, fits: Callable[[str], bool]) -> str:
    """With the largest capacity that fits, or the smallest that the method takes."""

    def allowed(value: int) -> bool:
        try:
            return fits(_with(text, **{capacity: value}))
        except UsageError:  # too few or too many for the method
            return False

    low = next((value for value in range(1, SMALLEST + 1) if allowed(value)), None)
    if low is None:
        return _smallest(text, capacity, fits)
    high = LARGEST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if allowed(middle) else (low, middle)
    return _with(text, **{capacity: low})


def _smallest(text: str, capacity: str, fits: Callable[[str], bool]) -> str:
    for value in range(1, SMALLEST + 1):
        changed = _with(text, **{capacity: value})
        try:
            fits(changed)
        except UsageError:
            continue
        return changed
    return text


def _with(text: str, **changed: object) -> str:
    method, given = parse(text)
    return f"{method}:" + ",".join(f"{k}={v}" for k, v in (given | changed).items())
