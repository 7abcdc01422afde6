"""The data sets that are known: where they are, whose they are, and what licence they carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True)
class Source:
    """One archive of a data set.

    A checksum or a size stands here only where its publisher states it for this very file. The
    DAVIS pages state none (the MD5 sums in their old download scripts are of an earlier archive),
    so `get` prints the sum of what came and keeps it beside the archive.
    """

    name: str
    title: str
    home: str  # page of the people who made it
    licence: str  # one line
    use: str  # what to type after --data
    urls: tuple[str, ...] = ()  # tried in order; none: by hand
    sha256: str | None = None
    bytes: int | None = None
    layout: str = ""  # by hand: what to put where

    @property
    def by_hand(self) -> bool:
        """Whether it lies behind a form or a drive, where a program has no business."""
        return not self.urls


_ETH = "https://data.vision.ee.ethz.ch/csergi/share/davis/"
_DAVIS_LICENCE = (
    "Creative Commons BY-NC 4.0 (https://creativecommons.org/licenses/by-nc/4.0): not for "
    "commercial use; some videos are from YouTube, with terms of their own (the archive's README)"
)
_DAVIS_2017 = "https://davischallenge.org/davis2017/code.html"


def _davis2017(name: str, part: str, title: str) -> Source:
    return Source(
        name=name, title=title, home=_DAVIS_2017, licence=_DAVIS_LICENCE, use="davis2017",
        urls=(f"{_ETH}DAVIS-2017-{part}-480p.zip",),
    )  # fmt: skip


_ALL = (
    Source(
        name="davis2016", title="DAVIS 2016, 50 videos, 480p and 1080p",
        home="https://davischallenge.org/davis2016/code.html", licence=_DAVIS_LICENCE,
        use="davis2016", urls=("https://graphics.ethz.ch/Downloads/Data/Davis/DAVIS-data.zip",),
    ),
    _davis2017("davis2017", "trainval", "DAVIS 2017, training and validation, 480p"),
    _davis2017("davis2017-test-dev", "test-dev", "DAVIS 2017, test-dev (first masks only), 480p"),
    _davis2017(
        "davis2017-test-challenge", "test-challenge",
        "DAVIS 2017, test-challenge (first masks only), 480p",
    ),
    Source(
        name="youtube-vos", title="YouTube-VOS 2018 and 2019",
        home="https://youtube-vos.org/dataset/vos",
        licence="the terms on its home page", use="youtube-vos",
        layout="JPEGImages/SEQ/00000.jpg, Annotations/SEQ/00000.png and meta.json of one subset",
    ),
    Source(
        name="mose", title="MOSE", home="https://henghuiding.github.io/MOSE/",
        licence="Creative Commons BY-NC-SA 4.0 "
        "(https://creativecommons.org/licenses/by-nc-sa/4.0/): for non-commercial research only",
        use="mose", layout="JPEGImages/SEQ/00000.jpg and Annotations/SEQ/00000.png of one subset",
    ),
)  # fmt: skip

SOURCES: Mapping[str, Source] = MappingProxyType({source.name: source for source in _ALL})


def notice(source: Source) -> str:
    """What a user agrees to, before a byte is fetched."""
    return f"{source.title}\nhome page: {source.home}\nlicence: {source.licence}"


def listing() -> str:
    """Every data set with where it comes from, three lines each."""
    lines = []
    for source in SOURCES.values():
        lines.append(f"{source.name}: {source.title}")
        if source.by_hand:
            lines.append(f"  by hand, from {source.home}: PATH/{source.layout}; "
                         f"then --data {source.use}=PATH")  # fmt: skip
        else:
            lines.append(f"  {source.urls[0]}")
        lines.append(f"  licence: {source.licence}")
    return "\n".join(lines)
