"""The layers: who may import whom, read from the source rather than from what happens to load."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOW = {"errors"}
MIDDLE = LOW | {"memory", "metrics", "results"}
MAY_IMPORT = {  # layer -> the layers it may import, beside itself and the package's own version
    "errors": set(),
    "memory": LOW,
    "metrics": LOW,
    "results": LOW,
    "plugins": set(),
    "torch_state": set(),
    "registry": LOW | {"memory", "plugins", "torch_state"},
    "progress": LOW,
    "data": LOW | {"metrics"},
    "model": LOW | {"memory", "registry"},
    "harness": MIDDLE | {"registry", "data", "model"},
    "training": MIDDLE | {"progress", "registry", "data", "model", "harness"},
    "report": LOW | {"results", "metrics"},
    "exports": LOW | {"results", "data"},
    "cli": MIDDLE
    | {"progress", "registry", "data", "model", "harness", "training", "report"}
    | {"exports"},
    "weights": set(),
    "__main__": {"cli"},
    "__init__": set(),
}
SOURCES = sorted((ROOT / "vosbench").rglob("*.py"))
TORCHLESS = {"metrics", "results", "report", "data", "exports"}


def imports(path: Path) -> Iterator[str]:
    """Dotted names that a file imports anywhere, `from a import b` as `a.b`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute, so that layers can be read"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(path: Path) -> str:
    return path.relative_to(ROOT / "vosbench").parts[0].removesuffix(".py")


def layers_of(path: Path) -> set[str]:
    """Layers of vosbench that a file imports."""
    parts = (name.split(".") for name in imports(path))
    found = {p[1] if len(p) > 1 else "__init__" for p in parts if p[0] == "vosbench"}
    return found - {"__version__", "__init__"}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_a_file_imports_only_its_own_layer_and_those_allowed_below_it(path: Path) -> None:
    own = layer(path)
    assert own in MAY_IMPORT, f"{own} is a new layer: say here what it may import"
    assert layers_of(path) <= MAY_IMPORT[own] | {own}


def test_no_two_layers_may_import_each_other() -> None:
    for upper, allowed in MAY_IMPORT.items():
        for lower in allowed:
            assert upper not in MAY_IMPORT[lower], f"{upper} and {lower} import each other"


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_vosbench_never_imports_the_methods(path: Path) -> None:
    assert not [name for name in imports(path) if name.split(".")[0] == "methods"]


@pytest.mark.parametrize("path", sorted((ROOT / "methods").rglob("*.py")), ids=named)
def test_a_method_imports_the_memory_interface_and_the_registry_only(path: Path) -> None:
    assert layers_of(path) <= {"memory", "registry"}
    assert not [name for name in imports(path) if name.split(".")[0] == "methods"]


@pytest.mark.parametrize("path", [p for p in SOURCES if layer(p) in TORCHLESS], ids=named)
def test_metrics_results_report_data_and_exports_never_import_torch(path: Path) -> None:
    heavy = {"torch", "torchvision", "timm", "fvcore", "lightning"}
    assert not [name for name in imports(path) if name.split(".")[0] in heavy]


def test_the_reader_of_imports_sees_those_inside_functions_too(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("import os.path\ndef f():\n    from vosbench.model import weights\n")
    assert list(imports(path)) == ["os.path", "vosbench.model.weights"]
    assert layers_of(path) == {"model"}
