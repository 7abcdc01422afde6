import ast
from pathlib import Path

import vosbench
from vosbench.metrics import jit


def test_a_kernel_works_where_nothing_can_be_cached(monkeypatch):
    compiled = []

    def njit(**options):
        if options.get("cache"):
            raise RuntimeError("cannot cache function 'double': no locator available")
        compiled.append(options)
        return lambda function: function

    monkeypatch.setattr(jit, "njit", njit)

    @jit.kernel
    def double(x):
        return 2 * x

    assert double(3) == 6
    assert compiled == [{"nogil": True}]


def test_kernels_that_call_each_other_are_in_one_file():
    # numba's cache would miss a change in another file and go on running the old code
    package = Path(vosbench.__file__).parent
    trees = {path: ast.parse(path.read_text("utf-8")) for path in package.rglob("*.py")}
    kernels = {path: kernel_names(tree) for path, tree in trees.items() if kernel_names(tree)}
    assert "planes" in kernels[package / "metrics" / "kernels.py"]
    for path, own in kernels.items():
        called = {n.id for n in ast.walk(trees[path]) if isinstance(n, ast.Name)}
        others = set().union(*(names for other, names in kernels.items() if other != path))
        assert not called & (others - own), path


def kernel_names(tree):
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    return {
        f.name
        for f in functions
        if any(isinstance(d, ast.Name) and d.id == "kernel" for d in f.decorator_list)
    }
