"""Ablations: a grid over parameters becomes a list of methods and settings that `bench` runs.

Each method runs at every combination of its own axes and the common ones.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from vosbench import registry
from vosbench.data import load
from vosbench.errors import PluginError, UsageError
from vosbench.harness.axis import COMMON, DIMS, RUN, Axis
from vosbench.harness.budget import replaced
from vosbench.harness.checkpoint import named
from vosbench.harness.defaults import POLICY
from vosbench.harness.run.jobs import plan
from vosbench.harness.settings import Settings
from vosbench.harness.subject import Entry, parse
from vosbench.model.network import preset

Point = tuple[tuple[str, Any], ...]  # ("run.size", 160), ... in the order of the axes


def expand(
    settings: Settings, grid: Sequence[str], *, paired: bool = False, capped: bool = False
) -> list[Settings]:
    """The runs of an ablation: each has the methods that share its settings.

    Args:
        settings: of the run; its methods, or those that the grid names, or all with weights.
        grid: axes as typed, see `axis`.
        paired: take the first values of a method's axes together, then the second ones, ...; an
            axis of one value goes with all.
        capped: the runs are then capped to a budget, which sets a parameter of most methods.

    Raises:
        UsageError: an axis that does not parse, is given twice, that the budget sets, or whose
            values do not pair up; a value, or with `paired` a combination, that is given twice or
            that the method refuses.
        DataError: data or weights that do not fit.
    """
    axes = [Axis.of(text) for text in grid]
    places = [(axis.scope, axis.name) for axis in axes]
    for scope, name in places:
        if places.count((scope, name)) > 1:
            raise UsageError(f"--grid: {scope}.{name} is given twice; put its values into one")
    groups: dict[Point, list[str]] = {}
    for text in _methods(settings, axes):
        if capped:
            _leave_to_budget(parse(text)[0], axes)
        for run, changed in _points(text, axes, paired=paired):
            groups.setdefault(run, []).append(changed)
    runs = [_changed(settings, run, methods) for run, methods in groups.items()]
    for run_settings in runs:
        _check(run_settings)
    return runs


def _methods(settings: Settings, axes: Iterable[Axis]) -> tuple[str, ...]:
    """Methods as typed: those asked for, and those that the grid names besides."""
    asked = named(settings.methods, settings.preset, settings.weights) if settings.methods else ()
    have = {parse(text)[0] for text in asked}
    more = [axis.scope for axis in axes if axis.scope not in (*COMMON, *have)]
    found = (*asked, *dict.fromkeys(more))
    return found or named((), settings.preset, settings.weights)


def _leave_to_budget(method: str, axes: Iterable[Axis]) -> None:
    """Refuses an axis whose every value the budget would replace with its own."""
    for axis in axes:
        if axis.scope in ("policy", method) and axis.name in replaced(registry.get(method)):
            name = axis.name.removeprefix(POLICY)
            raise UsageError(
                f"--grid {axis.scope}.{name}: --match-state and --match-macs set {name} of "
                f"{method} by the budget: vary something else, or give no budget"
            )


def _points(text: str, axes: Iterable[Axis], *, paired: bool) -> Iterable[tuple[Point, str]]:
    """Each setting of the run at which a method is measured, and the method with parameters."""
    method, parameters = parse(text)
    mine = {axis.name: axis for axis in axes if axis.scope == "policy"}
    mine |= {axis.name: axis for axis in axes if axis.scope == method}
    common = {f"{a.scope}.{a.name}": a for a in axes if a.scope in ("run", "data")}
    every = common | mine
    for values in _combined(method, list(every.values()), paired=paired):
        chosen = dict(zip(every, values, strict=True))
        run = tuple((name, chosen[name]) for name in common)
        given = parameters | {name: chosen[name] for name in mine}
        told = ",".join(f"{k}={v}" for k, v in given.items())
        yield run, f"{method}:{told}" if told else method


def _combined(method: str, axes: list[Axis], *, paired: bool) -> Iterable[tuple[Any, ...]]:
    if paired:
        return _once(axes, _paired(method, axes))
    for axis in axes:
        _once([axis], list(zip(axis.values)))
    return itertools.product(*(axis.values for axis in axes))


def _once(axes: list[Axis], points: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    for point, times in Counter(points).items():
        if times > 1:
            told = ", ".join(f"{a.scope}.{a.name}={v}" for a, v in zip(axes, point, strict=True))
            raise UsageError(f"--grid: {told} is given twice; give it once")
    return points


def _paired(method: str, axes: list[Axis]) -> list[tuple[Any, ...]]:
    longest = max((len(axis.values) for axis in axes), default=1)
    for axis in axes:
        if len(axis.values) not in (1, longest):
            raise UsageError(
                f"--list: {axis.scope}.{axis.name} has {len(axis.values)} values; expected 1 or "
                f"{longest}, as another axis of {method} has: give each as many"
            )
    columns = [axis.values if len(axis.values) > 1 else axis.values * longest for axis in axes]
    return list(zip(*columns, strict=True)) if columns else [()]


def _changed(settings: Settings, run: Point, methods: list[str]) -> Settings:
    changed: dict[str, Any] = {"methods": tuple(methods)}
    options: dict[str, str] = {}
    for place, value in run:
        scope, _, name = place.partition(".")
        if scope == "run":
            changed[RUN[name]] = value
        else:
            options[name] = value
    if options:
        changed["data"] = tuple(_with_options(spec, options) for spec in settings.data)
        if changed["data"] == settings.data and not any(map(_synthetic, settings.data)):
            raise UsageError(
                f"--grid data.{next(iter(options))}: only the synthetic set has options; the run "
                f"has {', '.join(settings.data)}: add --data synthetic"
            )
    return replace(settings, **changed)


def _synthetic(spec: str) -> bool:
    return spec.partition(":")[0] == "synthetic"


def _with_options(spec: str, options: dict[str, str]) -> str:
    """A spec of the synthetic set with options replaced; another set as it is.

    >>> _with_options("synthetic:length=4,objects=1", {"objects": "3"})
    'synthetic:length=4,objects=3'
    """
    if not _synthetic(spec):
        return spec
    pieces = filter(None, spec.partition(":")[2].split(","))
    known = {k: v for k, _, v in (piece.partition("=") for piece in pieces)}
    return "synthetic:" + ",".join(f"{k}={v}" for k, v in (known | options).items())


def _check(settings: Settings) -> None:
    """Refuses a mistake in any run before the first one begins."""
    entries = [Entry.of(text, settings) for text in settings.methods]
    plan(settings, entries, [load(spec, settings.split) for spec in settings.data])
    shape = preset(settings.preset)
    for entry in entries:
        given = parse(entry.text)[1]
        rest = {k: v for k, v in given.items() if not k.startswith(POLICY)}
        dims = [rest.pop(name, getattr(shape, name)) for name in DIMS]
        try:
            registry.build(entry.method, *dims, **rest)
        except PluginError:
            continue  # costs only itself, and is told where it is built to be measured
