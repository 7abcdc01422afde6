"""Numbers of one column that were measured on two clips of one name, or by two versions of code."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from vosbench.report.costs import Costs
from vosbench.report.scores import Scores
from vosbench.report.settings import Setting

_UNKNOWN = "unknown"  # in stores that are older than the stamp, and where there is none
_NAMED = 8  # in one sentence


def warnings(scored: Sequence[Scores], costs: Sequence[Costs]) -> list[str]:
    """A sentence for each setting whose sequences have more than one fingerprint, and one for each
    whose runs come from more than one version of the method's code.

    A cost is one cell a method, so of one version: there only the fingerprint may differ. And one
    for costs that are of other code than the accuracy.
    """
    shown = [(scores.setting, scores.frames) for scores in scored]
    shown += [(each.setting, each.rows) for each in costs]
    clips = [_clips(setting, rows) for setting, rows in shown]
    codes = [_codes(scores.setting, scores.frames) for scores in scored]
    beside = _beside([each.frames for each in scored], [each.rows for each in costs])
    return list(dict.fromkeys(filter(None, [*clips, *codes, beside])))


def _clips(setting: Setting, rows: pd.DataFrame) -> str:
    names = _several(rows, ["sequence"], "data")
    return names and (
        f"{_place(setting)}: not every run saw the same frames and masks of {names}, so they do "
        "not compare; bench them again on one copy of the data."
    )


def _codes(setting: Setting, rows: pd.DataFrame) -> str:
    names = _several(rows, ["label", "weights"], "source")
    return names and (
        f"{_place(setting)}: some sequences of {names} were measured by another version of the "
        "code than the others; bench them again."
    )


def _beside(scored: Sequence[pd.DataFrame], costs: Sequence[pd.DataFrame]) -> str:
    """Costs stand beside an accuracy: those of older code are no longer the method's."""
    accuracy, cost = _sources(scored), _sources(costs)
    stale = sorted(x for x in accuracy.keys() & cost.keys() if cost[x] - accuracy[x])
    return ", ".join(stale) and (
        f"Costs of {', '.join(stale)} were measured by another version of the code than the "
        "accuracy beside them; bench them again."
    )


def _sources(tables: Sequence[pd.DataFrame]) -> dict[str, set[str]]:
    """Label -> digests of the code that its numbers were measured by."""
    found: dict[str, set[str]] = {}
    for rows in tables:
        for label, source in rows[["label", "source"]].astype(str).drop_duplicates().to_numpy():
            if source != _UNKNOWN:
                found.setdefault(label, set()).add(source)
    return found


def _several(rows: pd.DataFrame, keys: list[str], stamp: str) -> str:
    """The first of `keys` wherever all of them have more than one known stamp, as a list."""
    known = rows[rows[stamp] != _UNKNOWN][[*keys, stamp]].drop_duplicates()
    counts = known.astype(str).groupby(keys)[stamp].size()
    names = list(dict.fromkeys(counts[counts > 1].reset_index()[keys[0]]))
    return ", ".join(names[:_NAMED]) + (" and more" if len(names) > _NAMED else "")


def _place(setting: Setting) -> str:
    preset, size = (x or "not noted" for x in (setting.preset, setting.size))
    return f"{setting.harness} on {setting.dataset} (preset {preset}, size {size})"
