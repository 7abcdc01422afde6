"""The parameters that each method ran with, its own defaults included, where a store notes them."""

from __future__ import annotations

import json

import pandas as pd


def defaults(rows: pd.DataFrame) -> dict[str, dict[str, object]]:
    """Label -> the method's own parameters and write policy; {} where an older store has none."""
    noted = rows[["label", "defaults"]].astype(str).drop_duplicates()
    found: dict[str, dict[str, object]] = {label: {} for label in noted.label}
    for label, text in noted.itertuples(index=False):
        if text != "unknown":
            found[label] = json.loads(text)
    return found


def writes(rows: pd.DataFrame) -> dict[str, str]:
    """Label -> which frames the host has the memory write, in words; left out where not noted."""
    return {label: _words(policy) for label, policy in _policies(rows).items()}


def written(rows: pd.DataFrame) -> dict[str, float]:
    """Label -> the share of frames that the host has the memory write, of a long video; likewise.

    A frame that is written for the next read alone counts: it is encoded and written all the same.
    """
    return {
        label: 1.0
        if policy.get("policy_include_previous")
        else 1 / int(str(policy["policy_every"]))
        for label, policy in _policies(rows).items()
    }


def _policies(rows: pd.DataFrame) -> dict[str, dict[str, object]]:
    """Label -> its parameters, the write policy among them; left out where not noted."""
    own = defaults(rows)
    given = rows[["label", "parameters"]].astype(str).drop_duplicates("label")
    every = {label: own[label] | json.loads(text) for label, text in given.itertuples(index=False)}
    return {label: p for label, p in every.items() if "policy_every" in p and own[label]}


def _words(policy: dict[str, object]) -> str:
    """A write policy in words.

    >>> _words({"policy_every": 5, "policy_include_previous": True})
    'every 5th + previous'
    >>> _words({"policy_every": 1, "policy_keep_first": False})
    'every frame, not the first'
    """
    every = int(str(policy["policy_every"]))
    said = "every frame" if every == 1 else f"every {every}{_ending(every)}"
    if policy.get("policy_include_previous"):
        said += " + previous"
    return said if policy.get("policy_keep_first", True) else f"{said}, not the first"


def _ending(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
