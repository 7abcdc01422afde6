"""`vosbench data` as it is typed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.data.loopback import Act, serving, zipped
from tests.interrupts import heed_ctrl_c
from vosbench.cli import main
from vosbench.data import load
from vosbench.data.download import SOURCES

SMALL = zipped(padding=5000)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "vosbench", "data", *arguments]


class Done(NamedTuple):
    """What a command left."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture(name="vosbench")
def _vosbench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line in this process."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)  # main has its own

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["vosbench", "data", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        code = end.value.code
        return Done(code if isinstance(code, int) else 0, *capsys.readouterr())

    return run


def test_list_names_every_source_with_its_address_or_home_page_and_licence(vosbench: Run) -> None:
    done = vosbench("list")
    assert done.returncode == 0
    for source in SOURCES.values():
        assert f"{source.name}: {source.title}" in done.stdout
        assert (source.urls or (source.home,))[0] in done.stdout
        assert f"licence: {source.licence}" in done.stdout


def test_every_source_is_https_and_none_claims_a_sum_that_nobody_published() -> None:
    for source in SOURCES.values():
        assert source.home.startswith("https://")
        assert all(url.startswith("https://") for url in source.urls)
        assert bool(source.layout) == source.by_hand
        assert source.sha256 is None


def test_without_a_yes_to_the_licence_nothing_is_asked_or_written(
    vosbench: Run, tmp_path: Path
) -> None:
    with serving(SMALL) as server:
        done = vosbench("get", "davis2017", "--url", server.url, "--to", str(tmp_path / "new"))
        assert not server.asked
    assert done.returncode == 2
    assert "licence: Creative Commons BY-NC 4.0" in done.stdout
    assert done.stderr.count("\n") == 1
    assert "--accept-licence" in done.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["youtube-vos", "mose"])
def test_a_set_behind_a_form_is_explained(vosbench: Run, tmp_path: Path, name: str) -> None:
    done = vosbench("get", name, "--accept-licence", "--to", str(tmp_path))
    assert done.returncode == 2
    assert SOURCES[name].home in done.stderr
    assert f"--data {name}=PATH" in done.stderr
    assert not list(tmp_path.iterdir())


def test_an_unknown_name_gets_the_nearest(vosbench: Run) -> None:
    done = vosbench("get", "davis17", "--accept-licence")
    assert done.returncode == 2
    assert "did you mean davis2017" in done.stderr


def test_get_prints_the_sum_and_what_to_type_next(vosbench: Run, tmp_path: Path) -> None:
    with serving(SMALL) as server:
        done = vosbench("get", "davis2017", "--accept-licence", "--url", server.url,
                        "--to", str(tmp_path))  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "sha256: " in done.stdout
    assert f"use it with --data davis2017={tmp_path / 'davis2017'}" in done.stdout
    assert (tmp_path / "davis2017" / "ImageSets" / "2017" / "val.txt").read_text() == "bear\n"


def test_ctrl_c_keeps_the_part_and_a_second_process_waits_outside(
    vosbench: Run, tmp_path: Path
) -> None:
    get = ["get", "davis2017", "--accept-licence", "--to", str(tmp_path), "--url"]
    with serving(SMALL, Act(send=900, stall=True), Act()) as server:
        first = subprocess.Popen(
            command(*get, server.url), env=os.environ | {"no_proxy": "127.0.0.1"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c,
        )  # fmt: skip
        part = tmp_path / "DAVIS-2017-trainval-480p.zip.part"
        end = time.monotonic() + 60
        while not server.asked and time.monotonic() < end:
            time.sleep(0.02)
        second = vosbench(*get, server.url)
        assert second.returncode == 2
        assert "another process gets davis2017 there" in second.stderr
        first.send_signal(signal.SIGINT)
        errors = first.communicate(timeout=60)[1]
        assert first.returncode == 130
        assert errors == "stopped: what came is kept; the same command goes on\n"
        assert part.read_bytes() == SMALL[:900]
        assert vosbench(*get, server.url).returncode == 0
    assert server.ranges == [None, "bytes=900-"]


def test_a_set_that_was_got_can_be_loaded(vosbench: Run, tmp_path: Path) -> None:
    import io

    from PIL import Image

    def picture(kind: str, mode: str) -> bytes:
        content = io.BytesIO()
        Image.new(mode, (16, 12), 1 if mode == "L" else (9, 9, 9)).save(content, kind)
        return content.getvalue()

    files = {"DAVIS/JPEGImages/480p/bear/00000.jpg": picture("JPEG", "RGB"),
             "DAVIS/Annotations/480p/bear/00000.png": picture("PNG", "L"),
             "DAVIS/ImageSets/2017/val.txt": b"bear\n"}  # fmt: skip
    with serving(zipped(files)) as server:
        done = vosbench("get", "davis2017", "--accept-licence", "--url", server.url,
                        "--to", str(tmp_path))  # fmt: skip
    assert done.returncode == 0, done.stderr
    (video,) = load(f"davis2017={tmp_path / 'davis2017'}").videos
    assert (video.name, video.size, video.objects) == ("bear", (12, 16), (1,))


def test_no_other_verb_comes_near_the_download() -> None:
    root = Path(__file__).parents[2] / "vosbench"
    users = {path.relative_to(root).as_posix() for path in root.rglob("*.py")
             if "data.download" in path.read_text(encoding="utf-8")}  # fmt: skip
    assert {name for name in users if not name.startswith("data/download/")} == {"cli/data.py"}
