"""A download from a server on loopback, taken or refused, and what must hold after either."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.loopback import FRAMES, Server, zipped
from vosbench.data.download import SOURCES, Patience, Source, choose, get
from vosbench.errors import DataError

SMALL = zipped(padding=5000)


BIG = zipped(padding=3 << 20)


QUICK = Patience(stall=0.3, tries=3, first_pause=0.0, longest_pause=0.0)


class Steps:
    """Progress that counts."""

    def __init__(self) -> None:
        self.begun: list[tuple[int, int]] = []
        self.done = 0

    def begin(self, title: str, steps: int, done: int = 0) -> None:
        assert title == "DAVIS-2017-trainval-480p.zip"
        self.begun.append((steps, done))

    def tick(self, note: str = "") -> None:
        self.done += 1


def source(server: Server, sha256: str = "") -> Source:
    return choose(SOURCES["davis2017"], server.url, sha256)


def take(server: Server, to: Path, *, sha256: str = "", patience: Patience = QUICK) -> list[str]:
    """What `get` says; it must succeed."""
    said: list[str] = []
    folder = get(source(server, sha256), to, Steps(), patience=patience, say=said.append)
    assert folder == to / "davis2017"
    found = {path.relative_to(folder).as_posix(): path.read_bytes()
             for path in folder.rglob("*") if path.is_file()}  # fmt: skip
    assert {
        f"DAVIS/{name}": data for name, data in found.items() if "padding" not in name
    } == FRAMES
    assert (to / "DAVIS-2017-trainval-480p.zip").read_bytes() == server.content
    assert not list(to.glob("*.part*"))
    return said


def refused(server: Server, to: Path, *, sha256: str = "", patience: Patience = QUICK) -> str:
    """The one line with which `get` fails; nothing may pass for the data set then."""
    with pytest.raises(DataError) as caught:
        get(source(server, sha256), to, Steps(), patience=patience, say=lambda _: None)
    line = str(caught.value)
    assert "\n" not in line
    assert "expected" in line
    assert not (to / "davis2017").exists()
    assert not list(to.glob(".davis2017.unpacking"))
    return line


def part(to: Path) -> bytes:
    return (to / "DAVIS-2017-trainval-480p.zip.part").read_bytes()
