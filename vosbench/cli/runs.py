"""From the options of bench and ablate to runs, and through them to a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer

from vosbench.errors import UsageError

if TYPE_CHECKING:
    from vosbench.harness.settings import Settings


def split_methods(text: str) -> tuple[str, ...]:
    """Method names with their parameters, by commas; a part with "=" belongs to the name before it.

    >>> split_methods("gc,stm:policy_every=2,key_dim=64")
    ('gc', 'stm:policy_every=2,key_dim=64')
    """
    parts: list[str] = []
    for part in text.split(",") if text else ():
        if not part.strip():
            raise UsageError(
                f"--methods {text!r}: a name is empty; expected names by single commas"
            )
        if "=" in part and ":" not in part:
            if not parts:
                raise UsageError(f"--methods {text!r}: {part!r} has no method before it")
            parts[-1] += f",{part}"
        else:
            parts.append(part.strip())
    return tuple(parts)


def settings_of(options: dict[str, Any]) -> Settings:
    """What bench's options say, its methods as typed."""
    from vosbench.harness.growth import parse_bytes
    from vosbench.harness.settings import Settings

    o = dict(options)
    limit = o.pop("memory_limit")
    for name in ("match_state", "match_macs", "on"):
        o.pop(name)
    return Settings(
        methods=split_methods(o.pop("methods")), data=tuple(o.pop("data") or ["synthetic"]),
        harnesses=tuple(filter(None, o.pop("harness").split(","))), short_side=o.pop("size"),
        memory_limit=parse_bytes(limit) if limit else None, **o,
    )  # fmt: skip


def matched(settings: Settings, state: str, macs: str = "") -> Settings:
    """The run with its memories capped to a budget, where there is one; says how each is."""
    if not (state or macs):
        return settings
    if state and macs:
        raise UsageError("--match-state and --match-macs: a memory is capped by one; give one")
    from vosbench.data import load
    from vosbench.harness.budget import match
    from vosbench.harness.room import MACS, STATE

    datasets = [load(spec, settings.split) for spec in settings.data]
    found = match(settings, state or macs, datasets, STATE if state else MACS)
    for one in found:
        typer.echo(str(one))
    fitting = tuple(one.text for one in found if one.fits)
    return replace(settings, methods=fitting, matched=tuple(found))


def measure(runs: list[Settings], on: str, then: Callable[[], None] = lambda: None) -> None:
    """Runs one after another into one store, then says what was done and renders the report."""
    from vosbench.harness.run import bench as run
    from vosbench.harness.run import executor_on
    from vosbench.progress import Bar
    from vosbench.report import render

    store, out = runs[0].store, runs[0].out
    try:
        with executor_on(on) as executor, Bar() as bar:
            found = [run(settings, bar, executor) for settings in runs]
    except KeyboardInterrupt:
        stopped = "stopped: what was measured is in the store; the same command goes on"
        typer.echo(stopped, err=True)
        raise typer.Exit(130) from None
    failed = [line for summary in found for line in summary.failed]
    typer.echo(
        f"{sum(s.measured for s in found)} cells measured, {sum(s.present for s in found)} "
        f"found in {store}, {len(failed)} failed"
    )
    for line in failed:
        typer.echo(f"failed: {line}", err=True)
    then()
    assert out is not None  # an option with a default
    typer.echo(f"report: {render(store, out)}")
    raise typer.Exit(1 if failed else 0)
