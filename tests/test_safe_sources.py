"""What the code may never do, read from the sources: unpickle, load yaml, hand text to a shell."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for name in ("vosbench", "methods") for path in (ROOT / name).rglob("*.py"))
# Modules whose readers run what a file says.
MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve",
           "yaml", "ruamel", "pty", "commands"}  # fmt: skip
CALLS = {"eval", "exec", "builtins.eval", "builtins.exec", "os.system", "os.popen",
         "subprocess.getoutput", "subprocess.getstatusoutput", "tempfile.mktemp"}  # fmt: skip
METHODS = {"read_pickle", "to_pickle", "extractall", "create_subprocess_shell"}


def dotted(node: ast.expr) -> str:
    """``os.system`` of the expression ``os.system``; what is no name stands as a question mark."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def offences(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            yield from (f"import {name}" for name in names if name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            yield f"from {node.module}"
        elif isinstance(node, ast.Call):
            yield from of_call(dotted(node.func), {k.arg: k.value for k in node.keywords})


def of_call(name: str, options: dict[str | None, ast.expr]) -> Iterator[str]:
    if name in CALLS or name.split(".")[-1] in METHODS:
        yield name
    if "shell" in options and not is_constant(options["shell"], False):
        yield f"{name}(shell=...)"
    if "allow_pickle" in options and not is_constant(options["allow_pickle"], False):
        yield f"{name}(allow_pickle=...)"
    if name == "torch.load" and not is_constant(options.get("weights_only"), True):
        yield "torch.load without weights_only=True"


def is_constant(node: ast.expr | None, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_unpickled_loaded_as_yaml_or_handed_to_a_shell(path: Path) -> None:
    assert not list(offences(ast.parse(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize(
    "text",
    [
        "import pickle", "def f():\n from yaml import safe_load", "import dill.source",
        "eval('1')", "os.system('ls')", "subprocess.run('ls', shell=True)",
        "subprocess.run('ls', shell=quick)", "np.load('a', allow_pickle=True)",
        "torch.load(path)", "torch.load(path, weights_only=False)", "pd.read_pickle('a')",
        "zipfile.ZipFile('a').extractall()",
    ],
)  # fmt: skip
def test_the_reader_of_sources_finds_each_offence(text: str) -> None:
    assert len(list(offences(ast.parse(text)))) == 1


@pytest.mark.parametrize(
    "text",
    ["network.eval()", "A(1).eval()", "torch.load(path, weights_only=True)", "re.compile('a')",
     "subprocess.run(['ls'], shell=False)", "torch.compile(network)"],
)  # fmt: skip
def test_the_reader_of_sources_lets_the_harmless_pass(text: str) -> None:
    assert not list(offences(ast.parse(text)))
