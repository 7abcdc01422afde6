"""The digest of a method's code: a number that other code measured is stale."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import vosbench
from vosbench.registry import get

_SHARED = "vosbench.memory"  # what the suite itself lends to methods
_HOST = ("model", "metrics")  # what segments and scores for all of them


def source_digest(method: str) -> str:
    """First 12 hex digits of the sha256 of the files that `method` is made of.

    Those are the file of its class, and every file of its own package and of ``vosbench.memory``
    that it uses something of, and that those use in turn; and the network and the metrics, which
    every method is measured by.

    Raises:
        UsageError: no such method.
    """
    start = sys.modules.get(get(method).__module__)
    digest = hashlib.sha256()
    for path in sorted(_host() | (_files(start) if start is not None else set())):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _host() -> set[Path]:
    home = Path(str(vosbench.__file__)).parent
    return {path for name in _HOST for path in (home / name).rglob("*.py")}


def _files(start: ModuleType) -> set[Path]:
    package = start.__name__.partition(".")[0]
    seen, waiting = {start.__name__: start}, [start]
    while waiting:
        for module in _used(waiting.pop()):
            name = module.__name__
            ours = name.partition(".")[0] == package != "vosbench" or name.startswith(_SHARED)
            if ours and name not in seen:
                seen[name] = module
                waiting.append(module)
    files = (getattr(module, "__file__", None) for module in seen.values())
    return {Path(file) for file in files if file and Path(file).is_file()}


def _used(module: ModuleType) -> Iterator[ModuleType]:
    """Modules that a module holds, or holds something of, by name."""
    for value in list(vars(module).values()):
        if isinstance(value, ModuleType):
            yield value
        else:
            home = sys.modules.get(str(getattr(value, "__module__", "")))
            if home is not None:
                yield home
