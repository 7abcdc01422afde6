"""One method with several parameter settings: what each parameter does to accuracy and cost."""

from __future__ import annotations

import json

from vosbench.report import own
from vosbench.report.costs import Beside, Costs
from vosbench.report.formats import counted, giga, mebi, mega, percent, significant
from vosbench.report.overview import costs_of
from vosbench.report.runs import Run
from vosbench.report.scores import Scores
from vosbench.report.settings import weights_text
from vosbench.report.tabular import Column, Row, Table

DEFAULT = "default"  # a parameter that has the method's own value


def tables(scores: Scores, beside: Beside, suffix: str) -> list[Table]:
    """A table for each method that was run with two or more settings of its parameters."""
    pairs = scores.frames[["label", "method", "parameters"]].astype(str).drop_duplicates("label")
    given = {label: json.loads(text) for label, _, text in pairs.itertuples(index=False)}
    found: list[Table] = []
    for method, part in pairs.groupby("method", sort=True):
        if len(part) > 1:
            mine = {label: given[label] for label in part.label}
            name = f"ablation{suffix}" + (f"-{len(found) + 1}" if found else "")
            found.append(_table(scores, beside, str(method), mine, name))
    return found


def _table(
    scores: Scores, beside: Beside, method: str, given: dict[str, dict[str, object]], name: str
) -> Table:
    runs = [run for run in scores.runs if run.label in given]
    whole = set(scores.ranked())
    keys = sorted({key for parameters in given.values() for key in parameters})
    default = own.defaults(scores.frames[scores.frames.label.isin(list(given))])
    texts = {label: _texts(given[label], default[label], keys) for label in given}
    rows = [_row(scores, beside, run) | texts[run.label] for run in runs]
    columns = [Column("method", "Method", text=True)]
    columns += [Column(f"parameter:{key}", key, text=True) for key in keys]
    columns += [
        Column("weights", "Weights", text=True), Column("J&F", "J&F", "%", percent),
        Column("parameters", "Parameters", "M", mega),
        Column("read_macs", _at("Read", beside.flops), "G MAC", giga),
        Column("state_bytes", _at("State", beside.growth), "MiB", mebi),
        Column("fps", "FPS", "1/s", significant),
    ]  # fmt: skip
    shown = [c for c in columns if c.text or any(row.get(c.key) is not None for row in rows)]
    notes = [f"{DEFAULT}: the method's own value."]
    if short := [run.title for run in runs if run not in whole]:
        notes.append(
            f"Not over all {counted(len(scores.sequences), 'sequence')}: {', '.join(short)}."
        )
    return Table(name, f"Ablation of {method} on {scores.setting.dataset}", shown, rows, notes)


def _texts(given: dict[str, object], default: dict[str, object], keys: list[str]) -> Row:
    """Each parameter's value; the method's own is marked, or its mark alone where not noted."""
    marked = {k: f"{_text(default[k])} ({DEFAULT})" if k in default else DEFAULT for k in keys}
    return {f"parameter:{k}": _text(given[k]) if k in given else marked[k] for k in keys}


def _row(scores: Scores, beside: Beside, run: Run) -> Row:
    costs = {k: x for k, x in costs_of(run.label, beside).items()
             if k in ("parameters", "read_macs", "state_bytes", "fps")}  # fmt: skip
    named: Row = {"method": run.title, "weights": weights_text(run.weights)}
    return {**named, **costs, "J&F": scores.total(run)["J&F"]}


def _text(value: object) -> str:
    """A value as it is typed.

    >>> _text(None), _text(False), _text("cosine"), _text(0.5)
    ('none', 'false', 'cosine', '0.5')
    """
    return value if isinstance(value, str) else str(value).lower()


def _at(title: str, costs: Costs | None) -> str:
    return f"{title} at t = {costs.common_t}" if costs else title
