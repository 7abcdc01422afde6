"""Plugins whose import takes the process with it: they cost themselves alone."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tests.test_registry import GOOD, package
from vosbench import plugins, registry

__all__ = ["package"]  # a fixture

DEADLY = {
    "a_sleeps": ("import time; time.sleep(1e6)", "its import took more than 3 s"),
    "b_exits": ("import os; os._exit(3)", "its import ended the process with exit status 3"),
    "c_crashes": (
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "its import ended the process by SIGSEGV",
    ),
}


@pytest.fixture
def untried(package: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plugin package that is tried out in a child, of which nothing is known yet."""
    monkeypatch.undo()
    monkeypatch.syspath_prepend(package.parent)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name, empty in (("_modules", {}), ("_failures", {}), ("_scanned", False)):
        monkeypatch.setattr(registry, name, empty)
    entry = EntryPoint("third-party", package.name, registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])
    monkeypatch.setenv(plugins.KNOWN, "{}")
    monkeypatch.setattr(plugins, "PATIENCE", 3.0)
    return package


@pytest.mark.programs
@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_plugins_that_hang_exit_or_crash_at_import_are_named_and_the_rest_goes_on(
    untried: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, (text, _) in DEADLY.items():
        (untried / f"{name}.py").write_text(text)
    (untried / "d_prints.py").write_text("print('hello'); raise SystemExit(1)")
    (untried / "e_good.py").write_text(GOOD.format(name="good"))
    with pytest.warns(registry.PluginWarning) as seen:
        assert list(registry.methods()) == ["good"]
    assert len(seen) == len(DEADLY) + 1
    wanted = {f"{untried.name}.{name}": reason for name, (_, reason) in DEADLY.items()}
    wanted[f"{untried.name}.d_prints"] = "SystemExit: 1"
    assert registry.failures() == wanted
    # A second look, as of a worker process, asks no child.
    monkeypatch.setattr(registry, "_scanned", False)
    monkeypatch.setattr(registry, "_failures", {})
    monkeypatch.setattr(plugins, "_one_child", None)
    with pytest.warns(registry.PluginWarning):
        registry.methods()
    assert registry.failures() == wanted


def test_a_package_that_exits_at_import_is_left_out_until_its_file_changes(
    untried: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (untried / "__init__.py").write_text("import os; os._exit(0)")
    with pytest.warns(registry.PluginWarning, match="exit status 0"):
        assert registry.methods() == {}
    (untried / "__init__.py").write_text("")
    (untried / "fine.py").write_text(GOOD.format(name="fine"))
    importlib.invalidate_caches()
    monkeypatch.setattr(registry, "_scanned", False)
    assert list(registry.methods()) == ["fine"]


def test_a_child_that_cannot_start_is_said_and_not_asked_for_ever(
    untried: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.warns(registry.PluginWarning, match="the trial import did not get to it"):
        assert registry.methods() == {}


def test_the_built_in_methods_need_no_child() -> None:
    code = (
        "from vosbench import plugins, registry; plugins._one_child = None;"
        "import json; print(json.dumps([len(registry.methods()), registry.failures()]))"
    )
    root = Path(__file__).parents[1]
    environment = {k: v for k, v in os.environ.items() if k != plugins.KNOWN}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root, env=environment
    )
    count, failures = json.loads(done.stdout or done.stderr)
    assert count >= 21
    assert failures == {}


def test_every_module_of_ours_is_named_as_built_in() -> None:
    methods = importlib.import_module("methods")
    folder = Path(__file__).parents[1] / "methods"
    assert list(methods.BUILT_IN) == sorted(methods.BUILT_IN)
    assert set(methods.BUILT_IN) == {m.name for m in pkgutil.iter_modules([str(folder)])}
