"""What an ablation found, as a table of text: one line for each method, setting and data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import pandas as pd

from vosbench.data import load
from vosbench.harness.run.jobs import plan
from vosbench.harness.settings import Settings
from vosbench.harness.subject import Entry, parse
from vosbench.results import UNTRAINED, Cell, Store
from vosbench.results.tables import CELL_FIELDS

NAMES = ("method", "parameters", "run", "data", "weights")
NUMBERS = ("J&F", "parameters M", "read MACs", "state bytes", "FPS")


def table(runs: Sequence[Settings]) -> str:
    """Names and numbers of every method of every run; "-" where the store has no such number.

    J&F is the mean over objects of each object's mean over its scored frames. Read multiply-adds
    and state bytes are at the largest t that was measured, for one object, by the method's formula.
    Lines of text below say which t. Weights are named by their digest where lines of two weights
    would else be called the same.
    """
    found = Store(runs[0].store).frame()
    lines = _told_apart([line for settings in runs for line in _of_run(settings, found)])
    shown = [n for n in (*NAMES, *NUMBERS) if any(line[n] not in ("", "-") for line in lines)]
    widths = {n: max(len(n), *(len(line[n]) for line in lines)) for n in shown}

    def text(line: dict[str, str]) -> str:
        return "  ".join(
            line[n].rjust(widths[n]) if n in NUMBERS else line[n].ljust(widths[n]) for n in shown
        ).rstrip()

    notes = []
    for name, place in (("read MACs", "t of MACs"), ("state bytes", "t of bytes")):
        times = sorted({line[place] for line in lines} - {""}, key=int)
        if times:
            notes.append(f"{name}: at t = {', '.join(times)}, one object, by formula")
    return "\n".join([text({n: n for n in shown}), *map(text, lines), *notes])


def _told_apart(lines: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    names = [tuple(line[n] for n in NAMES) for line in lines]
    times = Counter(names)
    return [
        line | {"weights": f"{line['weights']} {line['digest']}".strip()} if times[x] > 1 else line
        for line, x in zip(lines, names, strict=True)
    ]


def _of_run(settings: Settings, found: pd.DataFrame) -> Iterator[dict[str, str]]:
    entries = {e.name: e for e in (Entry.of(text, settings) for text in settings.methods)}
    for spec in settings.data:
        dataset = load(spec, settings.split)
        for entry in entries.values():
            cells = [job.cell for s in plan(settings, [entry], [dataset]) for job in s.jobs]
            yield _names(entry, dataset.name) | _numbers(_rows(cells, found))


def _rows(cells: Sequence[Cell], found: pd.DataFrame) -> pd.DataFrame:
    """The records of exactly these cells."""
    wanted = pd.DataFrame([asdict(cell) for cell in cells], columns=list(CELL_FIELDS))
    some = found[found.method == cells[0].method] if cells else found[:0]
    plain = some.astype({name: wanted[name].dtype for name in CELL_FIELDS})
    return plain.merge(wanted, on=list(CELL_FIELDS))


def _names(entry: Entry, dataset: str) -> dict[str, str]:
    run = {
        "size": entry.short_side, "precision": entry.settings.precision,
        "preset": entry.settings.preset, "seed": entry.settings.seed,
    }  # fmt: skip
    owner, colon, digest = entry.weights.rpartition(":")
    swapped = f"swapped from {owner}" if colon else "trained"
    return {
        "method": entry.method,
        "parameters": ", ".join(f"{k}={v}" for k, v in parse(entry.text)[1].items()),  # as typed
        "run": ", ".join(f"{k}={v}" for k, v in run.items()),
        "data": dataset,
        "weights": UNTRAINED if entry.weights == UNTRAINED else swapped,
        "digest": "" if entry.weights == UNTRAINED else digest,
    }


def _numbers(rows: pd.DataFrame) -> dict[str, str]:
    quality = rows[rows.metric.isin(["J", "F"])].dropna(subset="value")
    objects = quality.groupby(["sequence", "object", "metric"], observed=True).value.mean()
    formula = rows[rows.protocol.str.startswith("analytic")]  # growth's also names its t
    macs, t = _last(formula[(formula.harness == "flops") & (formula.metric == "read_macs")])
    state, at = _last(formula[(formula.harness == "growth") & (formula.metric == "state_bytes")])
    parameters, _ = _last(rows[(rows.harness == "flops") & (rows.metric == "parameters")])
    fps, _ = _last(rows[(rows.harness == "speed") & (rows.metric == "fps")])
    return {
        "J&F": "-" if objects.empty else f"{objects.mean():.3f}",
        "parameters M": "-" if parameters is None else f"{parameters / 1e6:.2f}",
        "read MACs": "-" if macs is None else f"{macs:.3g}",
        "state bytes": "-" if state is None else f"{state:.0f}",
        "FPS": "-" if fps is None else f"{fps:.1f}",
        "t of MACs": t,
        "t of bytes": at,
    }


def _last(rows: pd.DataFrame) -> tuple[float | None, str]:
    """The value at the largest t, and that t where there is one."""
    if rows.empty:
        return None, ""
    row = rows.sort_values("t", na_position="first").iloc[-1]
    return float(row.value), "" if pd.isna(row.t) else str(int(row.t))
