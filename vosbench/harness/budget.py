"""Memories capped to one budget, of state bytes or of a read's multiply-adds: what is compared is
equal in it.

    linear state    every nth frame is written, n the least whose frames fit at the video's end, and
                    the previous frame is not looked at besides
    `capacity`      the parameter that bounds the state takes the largest value that fits, or the
                    least of those that take as much
    otherwise       as it is where it fits, left out where it does not

They must fit at every frame of every video (`room.most`); what cannot be set may be 1 % too large.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vosbench import registry
from vosbench.data import Dataset, Video
from vosbench.errors import UsageError
from vosbench.harness.capped import Capped
from vosbench.harness.defaults import POLICY
from vosbench.harness.room import STATE, Measure, Room, limited, most
from vosbench.harness.settings import Settings
from vosbench.harness.subject import parse, split_policy
from vosbench.memory import Growth, Memory
from vosbench.model.frames import STRIDE, Fit
from vosbench.model.network import preset

SMALLEST = 4  # a capacity may start as high as this: rmem keeps two frames at least
LARGEST = 2**20  # no capacity is tried beyond
OVER = 1.01  # a few numbers beside a matrix, as livos's gate keeps, do not make another budget


def match(
    settings: Settings, budget: str, datasets: Sequence[Dataset], measure: Measure = STATE
) -> list[Capped]:
    """The methods of a run, each capped to a budget.

    Args:
        settings: of the run; its methods as typed. A capacity or policy_every in them is replaced.
        budget: an amount, as 1MiB, or a method, whose own in each video is the budget then.
        datasets: of the run.
        measure: what the budget is of.

    Raises:
        UsageError: a budget that is neither or that grows; no method fits; a method's parameters.
    """
    videos = [_room(video, settings) for dataset in datasets for video in dataset.videos]
    rooms = [limited(room, budget, settings, measure) for room in videos]
    capped = (_capped(text, settings, rooms, measure) for text in settings.methods)
    found = [one._replace(budget=budget) for one in capped]
    if not any(one.fits for one in found):
        nearest = min(found, key=lambda one: one.taken / max(1, one.limit))
        raise UsageError(
            f"{measure.option} {budget}: no method fits; the nearest, {nearest.text}, takes "
            f"{nearest.amount}: give more"
        )
    return found


def replaced(method: type[Memory]) -> tuple[str, ...]:
    """The parameters that a budget sets, whatever they were; the first is tried for what fits."""
    if method.growth is Growth.LINEAR:
        return POLICY + "every", POLICY + "include_previous"
    return (method.capacity,) if method.capacity else ()


def _room(video: Video, settings: Settings) -> Room:
    side = settings.short_side or preset(settings.preset).short_side
    height, width = Fit.of(video.size, side).padded
    return Room((height // STRIDE) * (width // STRIDE), len(video.objects), len(video), 0)


def _capped(text: str, settings: Settings, rooms: Sequence[Room], measure: Measure) -> Capped:
    method = registry.get(parse(text)[0])
    tried = (*replaced(method), "")[0]
    over = 1 if tried else OVER

    def amounts(changed: str) -> list[int]:
        return [most(changed, settings, room, measure) for room in rooms]

    def fits(changed: str) -> bool:
        taken = zip(amounts(changed), rooms, strict=True)
        return all(amount <= over * room.limit for amount, room in taken)

    if method.growth is Growth.LINEAR:
        text = _thinned(text, max(room.frames for room in rooms), fits)
    elif tried:
        text = _filled(text, tried, fits)
        text = _trimmed(text, tried, amounts) if fits(text) else text
    pairs = ((amount, room.limit) for amount, room in zip(amounts(text), rooms, strict=True))
    taken, limit = max(pairs, key=lambda pair: pair[0] / max(1, pair[1]))
    alone = _alone(text, rooms) if method.growth is Growth.LINEAR else 0
    return Capped(text, taken, limit, fits(text), tried, measure, alone=alone, videos=len(rooms))


def _alone(text: str, rooms: Sequence[Room]) -> int:
    """Videos in which no read sees more than the first frame, though there is one before it."""
    method, given = parse(text)
    policy, _ = split_policy(registry.get(method).policy, given)
    return sum(room.frames > 2 and policy.seen(room.frames - 1) == 1 for room in rooms)


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


def _trimmed(text: str, capacity: str, amounts: Callable[[str], list[int]]) -> str:
    """With the least capacity that takes as much: videos may end before a larger one is full."""
    full = amounts(text)

    def enough(value: int) -> bool:
        try:
            return amounts(_with(text, **{capacity: value})) == full
        except UsageError:  # too few for the method
            return False

    low, high = 0, int(parse(text)[1][capacity])
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return _with(text, **{capacity: high})


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
