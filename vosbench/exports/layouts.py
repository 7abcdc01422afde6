"""What each server expects: where a mask lies in the zip, and the palette of its colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from vosbench.data.png import PALETTE

# The colours of YouTube-VOS's own annotations; from 10 on every id is a grey of its value.
_YOUTUBE_COLOURS = (
    (0, 0, 0), (236, 95, 103), (249, 145, 87), (250, 200, 99), (153, 199, 148), (98, 179, 178),
    (102, 153, 204), (197, 148, 197), (171, 121, 103), (255, 255, 255), (101, 115, 126),
)  # fmt: skip
_YOUTUBE_PALETTE = _YOUTUBE_COLOURS + tuple((i, i, i) for i in range(len(_YOUTUBE_COLOURS), 256))


@dataclass(frozen=True)
class Layout:
    """The zip of one server."""

    folder: str  # what every sequence's folder lies in, "" for the top
    palette: tuple[tuple[int, int, int], ...]  # colour of each id

    def place(self, sequence: str, frame: str) -> str:
        """A mask's name in the zip.

        >>> LAYOUTS["mose"].place("0a1b2c3d", "00000")
        'Annotations/0a1b2c3d/00000.png'
        """
        return f"{self.folder}{sequence}/{frame}.png"


LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        "davis2017": Layout("", PALETTE),
        "youtube-vos": Layout("Annotations/", _YOUTUBE_PALETTE),
        "mose": Layout("Annotations/", PALETTE),  # "like DAVIS", its readme says
    }
)
