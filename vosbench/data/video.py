"""What a data set is to the rest of the suite: videos that decode one frame at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]  # a frame (H, W, 3) in RGB, or a mask (H, W) of object ids, 0 = none


class Video(Protocol):
    """One sequence, hashable. Frames and masks are read when asked for, and never kept."""

    @property
    def dataset(self) -> str:
        """Name of the data set, such as ``davis2017``."""

    @property
    def name(self) -> str:
        """Name of the sequence within its data set."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of every frame and mask, in pixels."""

    @property
    def frame_names(self) -> tuple[str, ...]:
        """Stem of each frame's file name, such as ``00000``, in order of time."""

    @property
    def objects(self) -> tuple[int, ...]:
        """Ids of the objects to segment, ascending: all that ``given`` ever hands out."""

    @property
    def annotated(self) -> tuple[int, ...]:
        """Frames whose truth is known, ascending. Costs no decoding of the frames."""

    def __hash__(self) -> int:
        """Videos are told apart by identity, so that caches can hold them."""

    def __len__(self) -> int:
        """Count of frames."""

    def frame(self, t: int) -> Image:
        """Frame t: (H, W, 3), RGB."""

    def truth(self, t: int) -> Image | None:
        """True ids of frame t: (H, W); None where the data set holds no annotation."""

    def given(self, t: int) -> Image | None:
        """The mask handed to the network at frame t: (H, W) ids, or None.

        It shows only the objects that first appear at t by the data set's own rules.
        """


@dataclass(frozen=True)
class Dataset:
    """Videos and the way their scores are counted."""

    name: str
    videos: tuple[Video, ...]
    protocol: str  # name in vosbench.metrics.PROTOCOLS
    notes: str  # where the videos came from, one line for the report
