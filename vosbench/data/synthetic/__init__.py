"""The built-in set: stories of moving creatures with exact masks, painted when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from vosbench.data.splits import choose
from vosbench.data.synthetic.options import Options, parse_options, spec_of
from vosbench.data.synthetic.render import Backdrop, paint_backdrop, paint_frame, paint_mask
from vosbench.data.synthetic.scenarios import SCENARIOS, tell
from vosbench.data.synthetic.scene import Scene
from vosbench.data.video import Dataset, Image

__all__ = ["SCENARIOS", "SyntheticVideo", "load_synthetic"]


@dataclass(frozen=True, eq=False)
class SyntheticVideo:
    """A scene over time; see Video for what its attributes mean. Hashed by identity."""

    dataset: str
    name: str
    length: int
    scene: Scene

    def __len__(self) -> int:
        return self.length

    @property
    def size(self) -> tuple[int, int]:
        return self.scene.size

    @property
    def frame_names(self) -> tuple[str, ...]:
        return tuple(f"{t:05d}" for t in range(self.length))

    @property
    def objects(self) -> tuple[int, ...]:
        return tuple(sorted(self._starts))

    @property
    def annotated(self) -> tuple[int, ...]:
        return tuple(range(self.length))

    def frame(self, t: int) -> Image:
        return paint_frame(self.scene, self._checked(t), self._backdrop)

    def truth(self, t: int) -> Image:
        return paint_mask(self.scene, self._checked(t))

    def given(self, t: int) -> Image | None:
        new = [label for label, start in self._starts.items() if start == self._checked(t)]
        if not new:
            return None
        ids = self.truth(t)
        return np.where(np.isin(ids, new), ids, 0).astype(np.uint8)

    @cached_property
    def _backdrop(self) -> Backdrop:
        return paint_backdrop(self.scene)

    @cached_property
    def _starts(self) -> dict[int, int]:
        """First frame that shows each object; one that is never seen has none."""
        missing = {actor.label for actor in self.scene.actors} - {0}
        starts: dict[int, int] = {}
        for t in range(self.length):
            seen = missing & set(np.unique(self.truth(t)).tolist())
            starts.update(dict.fromkeys(seen, t))
            missing -= seen
            if not missing:
                break
        return starts

    def _checked(self, t: int) -> int:
        if not 0 <= t < self.length:
            raise IndexError(f"frame {t} of a video of {self.length}")
        return t


def load_synthetic(text: str, split: Path | None) -> Dataset:
    """The scenarios that the options name; a split file chooses among them by name."""
    options = parse_options(text)
    spec = spec_of(options)
    names = choose(options.scenario, split, among="scenario=")
    seeds = range(options.seed, options.seed + options.count)
    videos = tuple(_video(spec, name, seed, options) for seed in seeds for name in names)
    of = f"seeds {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"seed {options.seed}"
    notes = f"built-in scenes, {options.length} frames each, {of}"
    return Dataset(spec, videos, "youtube-vos", notes)


def _video(spec: str, scenario: str, seed: int, options: Options) -> SyntheticVideo:
    count = options.objects or SCENARIOS[scenario].objects
    scene = tell(scenario, size=options.size, length=options.length, objects=count, seed=seed)
    name = scenario if seed == options.seed else f"{scenario}-{seed}"
    return SyntheticVideo(spec, name, options.length, scene)
