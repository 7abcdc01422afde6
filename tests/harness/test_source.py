"""The digest of a method's code: what changes it and what does not."""

import importlib
import shutil
import sys
from pathlib import Path

import pytest

import vosbench
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
        "config": "RATE = 2.0\n",
        "rated": faults.module("rated", "return RATE * state.value, state").replace(
            "import torch\n", "import torch\nfrom faults.config import RATE\n"
        ),
        "late": faults.module("late", "from faults.config import RATE; return RATE, state"),
    }
    return faults.install(tmp_path, monkeypatch, modules)


NAMES = ("helped", "alone", "gc", "stm")


@pytest.mark.parametrize(
    ("file", "changed"),
    [("helped.py", "helped"), ("helper.py", "helped"), ("deeper.py", "helped"),
     ("alone.py", "alone")],
)  # fmt: skip
def test_a_change_in_a_file_of_ours_marks_the_methods_that_use_it_and_no_others(
    package: Path, monkeypatch: pytest.MonkeyPatch, file: str, changed: str
) -> None:
    monkeypatch.setattr(registry, "own", lambda name: True)
    before = {name: source_digest(name) for name in NAMES}
    with (package / file).open("a") as text:
        text.write("# changed\n")
    after = {name: source_digest(name) for name in NAMES}
    assert [name for name in NAMES if before[name] != after[name]] == [changed]


@pytest.mark.parametrize("file", ["config.py", "deeper.py"])
def test_a_change_in_a_file_of_a_plugin_s_package_marks_its_methods_and_none_of_ours(
    package: Path, file: str
) -> None:
    names = (*NAMES, "rated", "late")  # those two use a number, and import it late
    before = {name: source_digest(name) for name in names}
    with (package / file).open("a") as text:
        text.write("# changed\n")
    same = [name for name in names if source_digest(name) == before[name]]
    assert same == ["gc", "stm"]


@pytest.mark.parametrize("own", [True, False])
def test_the_same_code_in_another_folder_has_the_same_digest(
    package: Path, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    monkeypatch.setattr(registry, "own", lambda name: own)
    home = Path(str(vosbench.__file__)).parent
    copied = []
    for folder in ("!first", "~last"):  # before and behind the folder of the plugin
        root = package.parent / folder
        shutil.copytree(home, root / "vosbench", ignore=shutil.ignore_patterns("weights"))
        with monkeypatch.context() as patch:
            patch.setattr("vosbench.__file__", str(root / "vosbench" / "__init__.py"))
            copied.append(source_digest("helped"))
    assert set(copied) == {source_digest("helped")}


def test_every_method_of_ours_has_twelve_hex_digits_of_its_own() -> None:
    digests = {name: source_digest(name) for name in filter(registry.own, registry.methods())}
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
    from vosbench.harness.source import _held

    files = _held(importlib.import_module(registry.get("stm").__module__))
    parts = {path.parent.name for path in files.values()}
    assert "memory" in parts
    assert parts.isdisjoint({"harness", "model", "torch"})
    assert all(sys.modules["vosbench"].__file__ != str(path) for path in files.values())
