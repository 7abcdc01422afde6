"""What `--on` may say, and one line about each thing that can be missing there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.harness.fakeray import FakeRay
from vosbench.cli import app
from vosbench.errors import UsageError
from vosbench.harness.run import executor_on
from vosbench.harness.run.ray import connection
from vosbench.harness.run.ray.cluster import Cluster
from vosbench.harness.settings import Settings


def test_a_missing_ray_is_said_in_one_line_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    done = CliRunner().invoke(app, ["bench", "--methods", "gc", "--on", "ray"])
    assert isinstance(done.exception, UsageError)
    assert str(done.exception) == "--on ray needs Ray: pip install -e '.[ray]'"


@pytest.mark.parametrize("on", ["rae", "ray:1", "ray:/head:1", "slurm"])
def test_a_place_that_is_none_is_refused(on: str) -> None:
    with pytest.raises(UsageError, match="expected local, ray, or ray://HOST:PORT"):
        executor_on(on)


@pytest.mark.parametrize("on", ["ray://", "ray://head", "ray://head:ten", "ray://:10001"])
def test_an_address_without_host_or_port_is_refused_before_anything_is_tried(
    on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "needed", lambda: _Unconnected())
    with pytest.raises(UsageError, match="as in ray://head:10001"), executor_on(on):
        pass


@pytest.mark.parametrize(("on", "variable"), [("ray://127.0.0.1:1", ""), ("ray", "127.0.0.1:1")])
def test_a_port_that_nobody_answers_is_named_in_one_line(
    on: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", variable)
    monkeypatch.setattr(connection, "needed", lambda: _Unconnected())
    with (
        pytest.raises(UsageError, match=r"no Ray cluster at 127\.0\.0\.1:1 ") as caught,
        executor_on(on),
    ):
        pass
    assert "\n" not in str(caught.value)


def test_what_ray_says_of_a_cluster_that_is_none_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.setattr(connection, "needed", lambda: _Unconnected())
    with (
        pytest.raises(UsageError, match=r"nothing\W+is running: start one with: ray start"),
        executor_on("ray"),
    ):
        pass


def test_a_connection_of_the_program_s_own_is_used_and_left_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ray = FakeRay()
    ray.is_initialized = lambda: True  # type: ignore[attr-defined]
    monkeypatch.setattr(connection, "needed", lambda: ray)
    with executor_on("ray") as executor, executor(Settings(methods=())) as workers:
        assert isinstance(workers, Cluster)
    assert not hasattr(ray, "shutdown")


class _Unconnected:
    def is_initialized(self) -> bool:
        return False

    def init(self, **_: Any) -> None:
        raise ConnectionError("nothing\nis running")
