"""Tables of every number a cost harness left, one table per setting, and of the environment."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from vosbench.report import growing, scaling
from vosbench.report.costs import STAGES, Costs
from vosbench.report.evidence import PLUGINS, Evidence
from vosbench.report.formats import giga, mebi, milli, percent, significant, whole
from vosbench.report.settings import weights_text
from vosbench.report.tabular import Column, Row, Table

TITLES = {
    "flops": "Multiply-adds by stage",
    "growth": "State and temporary bytes",
    "speed": "Seconds by stage",
}
_TIMED = ("frame", "prepare", "resize", "encode", "read", "decode", "decide", "memory_encode",
          "write", "roofline")  # fmt: skip
_SHOWN = {  # what a reader compares; everything else is in the store
    "flops": [f"{stage}_macs" for stage in STAGES],
    "growth": ["state_bytes", "peak_bytes", "read_temporary_bytes", "write_temporary_bytes",
               "rss_bytes"],
    "speed": [*(f"{part}_seconds" for part in _TIMED), "first_frame_seconds", "frame_seconds_mean",
              *(f"frame_seconds_p{p}" for p in (50, 90, 99)), "fps", "gemm_rate", "copy_rate"],
}  # fmt: skip
_SHOW: dict[str, tuple[str, Callable[[float], str]]] = {
    "MAC": ("G", giga), "byte": ("MiB", mebi), "s": ("ms", milli), "1/s": ("1/s", significant),
    "MAC/s": ("G MAC/s", giga), "byte/s": ("GB/s", giga),
}  # fmt: skip
_NAMES = {"rss_bytes": "whole process (RSS)", "gemm_rate": "machine: matrix products",
          "copy_rate": "machine: copies"}  # fmt: skip
_TIMES = 7  # rows per method: more would be a listing, and that is what the store is for
_STAMP = ["machine", "device_name", "platform", "python", "torch", "numpy", "timm", "vosbench",
          "commit"]  # fmt: skip


def cost_tables(found: dict[str, list[Costs]]) -> list[Table]:
    """A table per setting of every harness."""
    return [
        cost_table(costs, f"{harness}-{i}" if i > 1 else harness)
        for harness, settings in found.items()
        for i, costs in enumerate(settings, 1)
    ]


def cost_table(costs: Costs, name: str) -> Table:
    """Methods and times down, metrics across."""
    if costs.setting.harness == "scaling":
        return scaling.table(costs, name)
    units = dict(zip(costs.rows.metric, costs.rows.unit, strict=True))
    metrics = [m for m in _SHOWN[costs.setting.harness] if m in units]
    columns = [Column("method", "Method", text=True), Column("t", "t", show=whole)]
    for metric in metrics:
        unit, show = _SHOW[units[metric]]
        columns.append(Column(metric, _title(metric), unit, show))
    rows: list[Row] = []
    for label in costs.labels:
        constant: Row = {"method": label, "t": None}
        constant |= {m: costs.at(label, m, None) for m in metrics}
        timed = [{"method": label, "t": t, **{m: costs.at(label, m, t) for m in metrics}}
                 for t in few(costs.times(label))]  # fmt: skip
        alone = [constant] if any(constant[m] is not None for m in metrics) else []
        rows += [*alone, *timed]
    setting = costs.setting
    notes = [f"{setting.describe()}.", "A line without t holds what does not depend on it."]
    notes += growing.endings(costs)
    notes += arithmetic(costs)
    return Table(
        name, f"{TITLES[setting.harness]}: {_short(setting.protocol)}", columns, rows, notes
    )


def few(times: list[int]) -> list[int]:
    """At most seven of the times, spread evenly on a log axis, first and last among them.

    >>> few(list(range(1, 101)))
    [1, 2, 5, 10, 20, 50, 100]
    """
    if len(times) <= _TIMES:
        return times
    round_ones = [m * 10**e for e in range(6) for m in (1, 2, 5)]
    kept = [t for t in round_ones if t in set(times)]
    return sorted({times[0], *kept, times[-1]})


def arithmetic(costs: Costs) -> list[str]:
    """What half precision, compilation or another layout gained and changed, where it was timed."""
    found = []
    for label in costs.labels:
        known = costs.whole(label)
        ratio, low, high = (known.get(f"arithmetic_ratio{end}") for end in ("", "_low", "_high"))
        if ratio is None:
            continue
        within = f", 95 % interval {low:.2f} to {high:.2f}" if low and high else ""
        changed = known.get("arithmetic_changed_pixels")
        pixels = "" if changed is None else f"; {percent(changed)} % of pixels get another id"
        found.append(
            f"{label}: a frame takes {ratio:.2f} times as long in {costs.setting.precision} as in "
            f"float32, channels last, not compiled{within}{pixels}."
        )
    return found


def _title(metric: str) -> str:
    """A metric in words, without the unit that stands under it.

    >>> _title("frame_seconds_p90"), _title("read_seconds"), _title("state_bytes")
    ('frame p90', 'read', 'state')
    """
    if metric in _NAMES:
        return _NAMES[metric]
    for unit in ("_seconds", "_bytes", "_macs"):
        metric = metric.replace(unit, "")
    return metric.replace("_", " ")


def _short(protocol: str) -> str:
    return protocol if len(protocol) < 40 else "one clock"


def environment(evidence: Evidence) -> Table:
    """Where the numbers come from: one line per environment, weights and seed."""
    keys = [*_STAMP, "seed", "weights"]
    parts = [frame[[*keys, "time"]] for frame in (evidence.rows, evidence.failures)]
    both = pd.concat(parts).astype(dict.fromkeys([*keys, "time"], str))
    rows: list[Row] = []
    for values, part in both.groupby(keys, sort=True):
        row: Row = dict(zip(keys, map(str, values), strict=True))
        row["weights"] = weights_text(str(row["weights"]), digest=True)
        row["commit"] = _commit(str(row["commit"]))
        rows.append(row | {"first": str(part.time.min()), "last": str(part.time.max())})
    titles = {"device_name": "device"}
    columns = [Column(k, titles.get(k, k), text=True) for k in [*keys, "first", "last"]]
    several = len({tuple(r[k] for k in _STAMP) for r in rows}) > 1
    notes = (
        ["The store holds more than one environment: each line below is one."] if several else []
    )
    notes += evaluator_notes(evidence)
    return Table("environment", "Machine, versions, seeds and weights", columns, rows, notes)


def evaluator_notes(evidence: Evidence) -> list[str]:
    """The evaluator's speed beside another one, where the store holds the measurement."""
    notes = []
    for (method, protocol, machine), part in evidence.evaluator.groupby(
        ["method", "protocol", "machine"], observed=True, sort=True
    ):
        seconds = part.set_index("metric").value
        own, other = (1000 * seconds[f"{who}_seconds"] for who in ("own", "other"))
        notes.append(
            f"J and F took {own:.2f} ms of CPU a frame, {method} {other:.1f} ms: "
            f"{other / own:.1f} times as long ({protocol}; {machine})."
        )
    return notes


def _commit(name: str) -> str:
    """The first 12 digits of a commit, and whether files differed from it."""
    digits, dash, dirty = name.partition("-")
    return f"{digits[:12]}{dash}{dirty}"


def failures(evidence: Evidence) -> Table | None:
    """Cells that failed and memory modules that did not load, with their error."""
    rows: list[Row] = []
    for line in evidence.failures.itertuples():
        what = "module did not load" if line.harness == PLUGINS else line.harness
        place = ", ".join(x for x in (line.dataset, line.sequence) if x)
        rows.append({"method": line.label, "what": what, "where": place or None,
                     "error": line.error})  # fmt: skip
    keys = ("method", "what", "where", "error")
    columns = [Column(key, key.capitalize(), text=True) for key in keys]
    return Table("failures", "Failures", columns, rows) if rows else None
