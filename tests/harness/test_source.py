"""The digest of a method's code: what changes it and what does not."""

import importlib
import sys
from pathlib import Path

import pytest

from tests.harness import faults
from vosbench import registry
from vosbench.harness.source import source_digest

HELPED = faults.module("helped", "return scaled(state.value), state").replace(
    "import torch\n", "import torch\nfrom faults.helper import scaled\n"
)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    modules = {
        "helped": HELPED,
        "alone": faults.module("alone", "return state.value, state"),
        "helper": "from faults import deeper\n\ndef scaled(x):\n    return deeper.FACTOR * x\n",
        "deeper": "FACTOR = 2\n",
    }
    return faults.install(tmp_path, monkeypatch, modules)


@pytest.mark.parametrize(
    ("file", "changed"),
    [("helped.py", "helped"), ("helper.py", "helped"), ("deeper.py", "helped"),
     ("alone.py", "alone")],
)  # fmt: skip
def test_a_change_in_a_file_marks_the_methods_that_use_it_and_no_others(
    package: Path, file: str, changed: str
) -> None:
    names = ("helped", "alone", "gc", "stm")
    before = {name: source_digest(name) for name in names}
    with (package / file).open("a") as text:
        text.write("# changed\n")
    after = {name: source_digest(name) for name in names}
    assert [name for name in names if before[name] != after[name]] == [changed]


def test_every_method_has_twelve_hex_digits_of_its_own() -> None:
    digests = {name: source_digest(name) for name in registry.methods()}
    assert all(len(d) == 12 and int(d, 16) >= 0 for d in digests.values())
    homes = {name: registry.get(name).__module__ for name in digests}
    assert len(set(digests.values())) == len(set(homes.values()))


def test_a_change_of_the_network_or_of_the_metrics_marks_every_method(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = source_digest("gc")
    for file in ("model/deep/network.py", "metrics/kernels.py"):
        path = tmp_path / file
        path.parent.mkdir(parents=True)
        path.write_text("")
    monkeypatch.setattr("vosbench.__file__", str(tmp_path / "__init__.py"))
    digests = [before, source_digest("gc")]
    for path in sorted(tmp_path.rglob("*.py")):
        path.write_text(f"# {path.name} changed\n")
        digests.append(source_digest("gc"))
    assert len(set(digests)) == 4


def test_what_the_suite_lends_to_methods_counts_with_them() -> None:
    from vosbench.harness.source import _files

    files = _files(importlib.import_module(registry.get("stm").__module__))
    parts = {path.parent.name for path in files}
    assert "memory" in parts
    assert parts.isdisjoint({"harness", "model", "torch"})
    assert all(sys.modules["vosbench"].__file__ != str(path) for path in files)
