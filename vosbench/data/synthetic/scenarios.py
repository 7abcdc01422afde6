"""The stories of the synthetic set. Each puts a memory to one test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import sqrt
from types import MappingProxyType
from zlib import crc32

from vosbench.data.synthetic.arithmetic import Dice
from vosbench.data.synthetic.scene import Actor, Path, Scene


@dataclass(frozen=True)
class Stage:
    """What a story is told with: the frame, the time, the cast's size and its chances."""

    height: int
    width: int
    length: int
    objects: int  # creatures to segment
    seed: int
    dice: Dice

    @property
    def body(self) -> float:
        """Pixels per body unit: a third of the frame's height for three, less for a crowd."""
        room = min(self.height, 0.62 * self.width)
        return 0.2 * room * min(1.25, sqrt(3 / self.objects))

    def skin(self, index: int) -> int:
        """A coat for creature number index; neighbours get different colours."""
        return self.seed % 1000 * 7 + index * 3

    def wander(self, index: int, lane: float, kind: str, swell: float, squash: float) -> Actor:
        """Creature number index, roaming about a place a share ``lane`` across the frame."""
        dice = self.dice
        path = Path(
            x=self.width * (0.14 + 0.72 * lane),
            y=self.height * dice.between(0.42, 0.68),
            reach_x=self.width * dice.between(0.08, 0.14),
            reach_y=self.height * dice.between(0.06, 0.12),
            period_x=dice.between(40, 64),
            period_y=dice.between(30, 44),
            phase_x=dice.between(0, 1),
            phase_y=dice.between(0, 1),
        )
        size = self.body * dice.between(0.85, 1.1)
        beat = dice.between(0, 1)
        skin = self.skin(index)
        return Actor(kind, skin, size, path, swell=swell, squash=squash, beat=beat)

    def scene(
        self, ground: str, actors: list[Actor], *, pan: float = 0.0, dims: float = 0.0
    ) -> Scene:
        """The scene with ids 1, 2, ... in the actors' order; those past the count are scenery."""
        labelled = [
            actor if actor.kind == "trunk" else replace(actor, label=index + 1)
            for index, actor in enumerate(actors)
        ]
        cast = tuple(a if a.label <= self.objects else replace(a, label=0) for a in labelled)
        margin = round(pan * self.height)
        sway = Path(margin, margin, margin, margin * 0.5, 90, 60, self.dice.between(0, 1))
        return Scene((self.height, self.width), ground, self.seed, cast, sway, margin, dims)


_WALKERS = ("hound", "beetle", "octopus", "bird", "serpent", "fish")


def _drift(stage: Stage) -> Scene:
    """Looks change slowly: the camera pans, the light fades, the creatures come and go."""
    kinds = ("hound", "bird", "octopus")
    cast = _extras(stage, [], kinds, swell=0.2)
    return stage.scene("meadow", cast, pan=0.15, dims=0.55)


def _deform(stage: Stage) -> Scene:
    """Outlines change fast: bodies wind, squash and stretch."""
    cast = _extras(stage, [], ("serpent", "octopus", "serpent", "bird"), squash=0.28)
    return stage.scene("sand", cast, pan=0.05)


def _occlusion(stage: Stage) -> Scene:
    """Creatures pass before one another and behind trunks that are no objects."""
    front = Path(stage.width * 0.5, stage.height * 0.62, stage.width * 0.34, 4, 44, 30, -0.2)
    back = Path(stage.width * 0.5, stage.height * 0.53, stage.width * 0.36, 4, 52, 30, 0.28)
    first = [
        Actor("hound", stage.skin(0), stage.body * 1.1, back),
        Actor("hound", stage.skin(1), stage.body * 1.1, front, beat=0.4),
    ]
    cast = _extras(stage, first, ("bird", "beetle"))
    bark = stage.height * 0.22
    trunks = [
        Actor("trunk", 0, bark, Path(stage.width * place, stage.height * 0.3))
        for place in (0.31, 0.72)
    ]
    return stage.scene("meadow", [*cast, *trunks], pan=0.0)


def _leave_and_return(stage: Stage) -> Scene:
    """Creatures leave the frame, to the right and to the left in turn, and come back."""
    size = stage.body
    inner, outer = 3.2 * size, 1.9 * size  # from the edge, inwards and outwards
    reach = (inner + outer) / 2
    right = Path(stage.width + outer - reach, stage.height * 0.6, reach, 5, 22, 30, 0.75)
    left = Path(reach - outer, stage.height * 0.5, reach, 5, 26, 30, 0.05)
    first = [
        Actor("fish", stage.skin(0), size, right),
        Actor("octopus", stage.skin(1), size, left, beat=0.5),
    ]
    return stage.scene("reef", _extras(stage, first, ("fish", "serpent")), pan=0.06)


def _crossing_twins(stage: Stage) -> Scene:
    """Two look-alikes cross: the case in which a mask moves to another object of its kind."""
    size = stage.body * 1.15
    first = [
        Actor(
            "fish",
            stage.skin(0),
            size,
            Path(stage.width * 0.5, stage.height * y, way * stage.width * 0.3, 6, 46, 33, 0.2),
            beat=beat,
        )
        for way, y, beat in ((1, 0.5, 0.0), (-1, 0.58, 0.4))
    ]
    return stage.scene("reef", _extras(stage, first, ("octopus", "fish")), pan=0.04)


def _late_arrival(stage: Stage) -> Scene:
    """One creature is there at first; the others run in later, one after another."""
    cast = []
    for index, actor in enumerate(_extras(stage, [], _WALKERS)):
        arrives = index * stage.length // (stage.objects + 1)
        edge = stage.width * 0.97 if index % 2 else stage.width * 0.03
        cast.append(replace(actor, arrives=arrives, comes_from=edge))
    return stage.scene("dunes", cast)


def _crowd(stage: Stage) -> Scene:
    """Many small creatures of few kinds share the frame."""
    return stage.scene("moss", _extras(stage, [], ("beetle", "serpent", "beetle")))


def _extras(
    stage: Stage,
    first: list[Actor],
    kinds: tuple[str, ...],
    *,
    swell: float = 0.0,
    squash: float = 0.0,
) -> list[Actor]:
    """The first actors, and wanderers up to the stage's count of objects."""
    count = stage.objects - len(first)
    more = [
        stage.wander(len(first) + i, (i + 0.5) / count, kinds[i % len(kinds)], swell, squash)
        for i in range(count)
    ]
    return [*first, *more]


@dataclass(frozen=True)
class Scenario:
    """A story, and how many creatures are to be segmented in it unless the user says."""

    tell: Callable[[Stage], Scene]
    objects: int


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "drift": Scenario(_drift, 2),
        "deform": Scenario(_deform, 2),
        "occlusion": Scenario(_occlusion, 3),
        "leave-and-return": Scenario(_leave_and_return, 3),
        "crossing-twins": Scenario(_crossing_twins, 2),
        "late-arrival": Scenario(_late_arrival, 3),
        "crowd": Scenario(_crowd, 8),
    }
)


def tell(name: str, *, size: tuple[int, int], length: int, objects: int, seed: int) -> Scene:
    """The scene of a story; the same arguments give the same scene everywhere."""
    mixed = crc32(name.encode()) ^ seed * 0x9E3779B1
    stage = Stage(*size, length, objects, mixed & 0x7FFFFFFF, Dice(mixed))
    return SCENARIOS[name].tell(stage)
