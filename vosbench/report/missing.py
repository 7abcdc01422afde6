"""What a reader would expect and the store does not hold."""

from __future__ import annotations

from vosbench.report.costs import Beside
from vosbench.report.evidence import PLUGINS, TABLE1, Evidence
from vosbench.report.scores import Scores

TABLE1_METHODS = {"gc", "stm"}
HARNESSES = ("accuracy", "flops", "growth", "speed")


def missing(evidence: Evidence, scored: list[tuple[Scores, Beside]]) -> list[str]:
    """One sentence per gap; empty for a complete store without failures."""
    found = [f"Store: {line}; skipped." for line in evidence.damaged]
    absent = [harness for harness in HARNESSES if evidence.of(harness).empty]
    if absent:
        found.append(f"Not measured at all: {', '.join(absent)}.")
    measured = set(evidence.rows.method[evidence.rows.dataset == TABLE1])
    whole = measured >= TABLE1_METHODS & set(evidence.rows.method)
    if not whole and "flops" not in absent:  # it is a part of flops
        found.append("Table 1 of the paper was not measured, or in part only.")
    for scores, beside in scored:
        found += _sequences(scores) + _costs(scores, beside, absent)
    found += [
        f"{f.label}: {f.harness} failed on {f.sequence or f.dataset or 'its data'}, see Failures."
        for f in evidence.failures.itertuples()
        if f.harness != PLUGINS
    ]
    return found


def _sequences(scores: Scores) -> list[str]:
    """Sequences that no method was run on yet, or some method and another was not."""
    found = [scores.unfinished] if scores.unfinished else []
    for run in scores.runs:
        column = scores.per_sequence[run.name]
        lacking = list(column.index[column.isna()])
        if lacking:
            names = ", ".join(lacking[:8]) + (" and more" if len(lacking) > 8 else "")
            found.append(
                f"{run.name} lacks J or F on {len(lacking)} of {len(column)} sequences of "
                f"{scores.setting.dataset}: {names}. Its means are over other sequences than the "
                "others' and it is left out of the ranking."
            )
    return found


def _costs(scores: Scores, beside: Beside, absent: list[str]) -> list[str]:
    found = []
    for harness in (h for h in HARNESSES[1:] if h not in absent):
        costs = getattr(beside, harness)
        have = set(costs.labels) if costs else set()
        lacking = sorted({run.label for run in scores.runs if not run.is_control} - have)
        if lacking:
            found.append(
                f"No {harness} measurement of {', '.join(lacking)} that fits "
                f"{scores.setting.dataset} (preset {scores.setting.preset or 'not noted'}, "
                f"size {scores.setting.size or 'not noted'})."
            )
    return found
