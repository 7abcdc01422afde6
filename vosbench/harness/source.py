"""The digest of a method's code: a number that other code measured is stale."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import vosbench
from vosbench import registry

_SHARED = "vosbench.memory"  # what the suite itself lends to methods
_HOST = ("model", "metrics")  # what segments and scores for all of them
Files = dict[tuple[str, ...], Path]  # by where they lie in their package: folders differ elsewhere


def source_digest(method: str) -> str:
    """First 12 hex digits of the sha256 of the files that `method` is made of.

    Of a method of ours, those are the file of its class, and every file of its own package and of
    ``vosbench.memory`` that it holds a module, class or function of, and that those hold in turn.
    Of another's, every ``*.py`` of its package and of ``vosbench.memory``: what it uses may be a
    number, or be imported late. And the network and the metrics, which every method is measured by.
    They are hashed in the order of their paths in their packages.

    Raises:
        UsageError: no such method.
    """
    start = sys.modules.get(registry.get(method).__module__)
    files = _host(*_HOST)
    if start is not None and registry.own(method):
        files |= _held(start)
    elif start is not None:
        files |= _host("memory") | _whole(start)
    digest = hashlib.sha256()
    for _, path in sorted(files.items()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _host(*names: str) -> Files:
    home = Path(str(vosbench.__file__)).parent
    paths = (path for name in names for path in _sources(home / name))
    return {("vosbench", *path.relative_to(home).parts): path for path in paths}


def _sources(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*.py") if path.is_file())


def _whole(module: ModuleType) -> Files:
    """The outermost package of a module that is no mere namespace, or the module alone."""
    names = module.__name__.split(".")
    outer = (sys.modules.get(".".join(names[:n])) for n in range(1, len(names)))
    package = next((p for p in outer if p is not None and getattr(p, "__file__", None)), module)
    folders = [Path(folder) for folder in getattr(package, "__path__", ())]
    inside = {path.relative_to(f).parts: path for f in folders for path in _sources(f)}
    return {(package.__name__, *parts): path for parts, path in inside.items()} or _file(module)


def _held(start: ModuleType) -> Files:
    package = start.__name__.partition(".")[0]
    seen, waiting = {start.__name__: start}, [start]
    while waiting:
        for module in _used(waiting.pop()):
            name = module.__name__
            ours = name.partition(".")[0] == package != "vosbench" or name.startswith(_SHARED)
            if ours and name not in seen:
                seen[name] = module
                waiting.append(module)
    return {parts: path for module in seen.values() for parts, path in _file(module).items()}


def _file(module: ModuleType) -> Files:
    """The file of a module, where it has one."""
    path = Path(getattr(module, "__file__", None) or "")
    depth = module.__name__.count(".") + 1 + (path.stem == "__init__")
    return {path.parts[-depth:]: path} if path.is_file() else {}


def _used(module: ModuleType) -> Iterator[ModuleType]:
    """Modules that a module holds, or holds something of, by name."""
    for value in list(vars(module).values()):
        if isinstance(value, ModuleType):
            yield value
        else:
            home = sys.modules.get(str(getattr(value, "__module__", "")))
            if home is not None:
                yield home
