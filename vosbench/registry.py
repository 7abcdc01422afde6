"""The registry of memory modules: register by decorator, discover by entry point and package scan.

``vosbench`` never names ``methods`` in an import. Every package in the entry-point group
``vosbench.methods`` is imported and its modules are scanned, so a file dropped into ``methods/``
appears with no reinstall, and a third party's package works in the same way. What is not built in
is first imported in a child process: one that hangs or crashes there is left out here.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import TypeVar

from vosbench import plugins, torch_state
from vosbench.errors import PluginError, UsageError, one_line, unknown
from vosbench.memory import Memory

GROUP = "vosbench.methods"
M = TypeVar("M", bound=type[Memory])

_modules: dict[str, type[Memory]] = {}
_failures: dict[str, str] = {}
_scanned = False


class PluginWarning(UserWarning):
    """A plugin that could not be imported, or whose import set something in torch; the run goes on
    without the one and without the other.
    """


def register(name: str) -> Callable[[M], M]:
    """Class decorator: makes a memory module known under `name`.

    Raises:
        PluginError: the name is taken by another class, or the class lacks a declared fact.
    """

    def decorate(cls: M) -> M:
        taken = _modules.get(name)
        if taken is not None and _origin(taken) != _origin(cls):
            raise PluginError(
                f"method name {name!r} is taken by {_origin(taken)}; "
                f"{_origin(cls)} must register under another name"
            )
        for fact in ("growth", "paper"):
            if not hasattr(cls, fact):
                raise PluginError(f"method {name!r} ({_origin(cls)}) must declare `{fact}`")
        _modules[name] = cls
        return cls

    return decorate


def methods() -> dict[str, type[Memory]]:
    """Every registered memory module by name, in alphabetical order."""
    _discover()
    return dict(sorted(_modules.items()))


def failures() -> dict[str, str]:
    """Plugins that could not be imported: module or entry point, and why in one line."""
    _discover()
    return dict(sorted(_failures.items()))


def get(name: str) -> type[Memory]:
    """The class registered as `name`; an unknown name is a UsageError that lists the nearest."""
    known = methods()
    if name not in known:
        raise unknown("method", name, known)
    return known[name]


def own(name: str) -> bool:
    """Whether a method lies in our own package of methods, where a file is a method."""
    package = get(name).__module__.partition(".")[0]
    entries = entry_points(group=GROUP)
    ours = (e.module for e in entries if e.dist is not None and e.dist.name == "vosbench")
    return package in ours


def parameters(name: str) -> dict[str, object]:
    """The keyword parameters of a method with their defaults: what an ablation can sweep."""
    signature = inspect.signature(get(name).__init__)
    named = list(signature.parameters.values())
    by_place = [p for p in named if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    own = by_place[3:] + [p for p in named if p.kind is p.KEYWORD_ONLY]  # self, key_dim, value_dim
    return {p.name: p.default for p in own}


def build(name: str, key_dim: int, value_dim: int, /, **given: object) -> Memory:
    """An instance of method `name`.

    Raises:
        UsageError: an unknown method or parameter, with the nearest; a value that it refuses.
        PluginError: it cannot be built, and nothing that was given is to blame.
    """
    cls = get(name)
    known = parameters(name)
    for key in given:
        if key not in known and key in vars(cls.policy):
            raise UsageError(
                f"method {name} has no parameter {key}; its write policy has: give policy_{key}"
            )
        if key not in known:
            raise unknown(f"parameter of {name}", key, [*known, "key_dim", "value_dim"])
        if wanted := _other_kind(given[key], known[key]):
            raise UsageError(
                f"method {name} refuses {key}={given[key]!r}: expected {wanted}, as in "
                f"{name}:{key}={known[key]}"
            )
    try:
        return cls(key_dim, value_dim, **given)
    except Exception as error:  # a plugin may fail in any way
        if given and isinstance(error, TypeError | ValueError):
            reason = str(error).partition("\n")[0]  # torch adds its own stack
            raise UsageError(f"method {name} refuses {given}: {reason}") from error
        reason = one_line(error)
        raise PluginError(
            f"method {name} cannot be built with {given or 'defaults'}: {reason}"
        ) from error


def _other_kind(value: object, default: object) -> str:
    """What was expected, where a value is not of its default's kind; "" where it may be.

    >>> _other_kind("abc", 0.5), _other_kind(1, 0.5), _other_kind(0.5, True)
    ('a number', '', 'true or false')
    """
    if value is None or default is None:
        return ""
    if isinstance(default, bool):
        return "" if value in (0, 1) else "true or false"
    if isinstance(default, int | float):
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if plain else "a number"
    return "a word" if isinstance(default, str) and not isinstance(value, str) else ""


def _origin(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _discover() -> None:
    global _scanned
    if _scanned:
        return
    _scanned = True  # first, so that a plugin which asks the registry while it loads cannot loop
    entries = list(entry_points(group=GROUP))
    for entry in entries:
        trusted = plugins.own(entry)
        for name, load in plugins.loaders(entry):
            reason = "" if name in trusted else plugins.danger(name, entries)
            before = torch_state.now()
            reason = reason or _loaded(load)
            if changed := torch_state.put_back(before):
                message = f"plugin {name} sets torch's {', '.join(changed)} when it is imported"
                message += ": put back, as it would hold for every method"
                warnings.warn(message, PluginWarning, stacklevel=3)
            if reason:
                _failures[name] = reason
                message = f"plugin {name} is left out: {reason}"
                warnings.warn(message, PluginWarning, stacklevel=3)


def _loaded(load: Callable[[], object]) -> str:
    """Imports; what fails registers nothing, and why is returned."""
    before = dict(_modules)
    try:
        load()
    except (Exception, SystemExit) as error:  # in any way; none may end the run
        _modules.clear()
        _modules.update(before)
        return one_line(error)
    return ""
