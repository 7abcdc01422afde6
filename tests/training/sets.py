"""Small sources of clips: built-in videos of a few frames, and videos made of arrays."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.training.stills import write_stills
from vosbench.data import Video, load
from vosbench.training.clips import Sources
from vosbench.training.sources import stills

Ids = NDArray[np.uint8]


def videos(length: int = 6) -> list[Video]:
    return list(load(f"synthetic:length={length},size=48x64,scenario=occlusion+drift").videos)


def sources(folder: Path) -> Sources:
    return Sources(stills(write_stills(folder)), [videos()])


@dataclass(eq=False)
class ArrayVideo:
    """Truth as given; a frame is grey, as light as its mask's id is high. Counts its reads."""

    masks: list[Ids | None]
    name: str = "arrays"
    dataset: str = "test"
    read: list[int] = field(default_factory=list)

    @property
    def size(self) -> tuple[int, int]:
        shown = next(m for m in self.masks if m is not None)
        return shown.shape[0], shown.shape[1]

    @property
    def frame_names(self) -> tuple[str, ...]:
        return tuple(f"{t:05d}" for t in range(len(self)))

    @property
    def objects(self) -> tuple[int, ...]:
        ids = {int(i) for m in self.masks if m is not None for i in np.unique(m)}
        return tuple(sorted(ids - {0}))

    @property
    def annotated(self) -> tuple[int, ...]:
        return tuple(t for t, m in enumerate(self.masks) if m is not None)

    def __len__(self) -> int:
        return len(self.masks)

    def frame(self, t: int) -> Ids:
        self.read.append(t)
        mask = self.masks[t]
        grey = np.zeros(self.size, np.uint8) if mask is None else mask * 20
        return np.repeat(grey[..., None], 3, axis=2)

    def truth(self, t: int) -> Ids | None:
        return self.masks[t]

    def given(self, t: int) -> Ids | None:
        return self.masks[0] if t == 0 else None
