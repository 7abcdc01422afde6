"""Which addresses are asked: https alone, and this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.data.downloading import SMALL, refused, take
from tests.data.loopback import Act, Server, serving
from vosbench.data.download import SOURCES, choose
from vosbench.errors import UsageError


@pytest.fixture(name="redirecting")
def _redirecting(request: pytest.FixtureRequest) -> Iterator[Server]:
    with serving(SMALL, Act(status=302, headers={"Location": request.param})) as server:
        yield server


@pytest.mark.parametrize(
    "redirecting",
    ["http://example.org/a.zip", "file:///etc/passwd", "ftp://example.org/a.zip", "data:,a"],
    indirect=True,
)
def test_a_redirect_to_anything_but_https_is_refused(tmp_path: Path, redirecting: Server) -> None:
    line = refused(redirecting, tmp_path)
    assert "which is not https" in line or "status 302" in line
    assert len(redirecting.asked) == 1


def test_a_redirect_within_this_machine_is_followed(tmp_path: Path) -> None:
    with serving(SMALL, Act(status=302, headers={"Location": "/moved.zip"}), Act()) as server:
        take(server, tmp_path)
    assert server.paths == ["/DAVIS-2017-trainval-480p.zip", "/moved.zip"]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a.zip", "http://127.0.0.1.example.org/a.zip", "ftp://example.org/a.zip",
        "file:///etc/passwd", "example.org/a.zip", "https:///a.zip", "https://example.org/a b",
        "https://example.org/a\r\nX: y", "http://localhost@example.org/a.zip",
    ],
)  # fmt: skip
def test_an_address_that_is_not_https_is_refused_before_anything_is_asked(url: str) -> None:
    with pytest.raises(UsageError, match=r"--url .*expected https"):
        choose(SOURCES["davis2017"], url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/a", "http://[::1]/a", "http://localhost/a"])
def test_http_is_for_this_machine_itself(url: str) -> None:
    assert choose(SOURCES["davis2017"], url).urls == (url,)


@pytest.mark.parametrize("text", ["1234", "g" * 64, "0" * 63])
def test_a_checksum_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected 64 hexadecimal digits"):
        choose(SOURCES["davis2017"], sha256=text)
