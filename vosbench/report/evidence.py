"""What a store holds, read once, with the names that the rest of the report groups by."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from vosbench.errors import DataError
from vosbench.results import DamagedRecordWarning, Store
from vosbench.results.store import RECORDS

PLUGINS = "plugins"  # harness name of a memory module that failed to import
EVALUATOR = "evaluator"  # harness name of the evaluator's own speed
READING = "reading"  # harness name of what reading frames from files costs
MATCHED = "matched"  # harness name of what a method takes where all are to be equal in it
TABLE1 = "table1"  # dataset name of the measurements for the paper's table 1


@dataclass(frozen=True)
class Evidence:
    """A store's content. `rows` and `failures` have a column `label`, see `label`."""

    folder: Path
    rows: pd.DataFrame
    failures: pd.DataFrame
    damaged: tuple[str, ...]
    evaluator: pd.DataFrame  # how fast J and F were computed beside another evaluator
    reading: pd.DataFrame  # what a frame costs to read from files
    matched: pd.DataFrame  # what each method takes in equal room

    def of(self, harness: str) -> pd.DataFrame:
        """The rows of one harness, the paper's table 1 left out."""
        return self.rows[(self.rows.harness == harness) & (self.rows.dataset != TABLE1)]

    @property
    def labels(self) -> list[str]:
        """Every method with its parameters, sorted: the order gives each its colour."""
        return sorted(set(self.rows.label) | set(self._measured_failures().label))

    def _measured_failures(self) -> pd.DataFrame:
        return self.failures[self.failures.harness != PLUGINS]


def load(folder: Path) -> Evidence:
    """Read a store.

    Raises:
        DataError: there is no store in the folder.
    """
    store = Store(folder)
    if not store.path.is_file():
        raise DataError(
            f"no measurements in {folder}: expected {RECORDS} there; run `vosbench bench` first"
        )
    with warnings.catch_warnings():  # damaged lines are shown in the page
        warnings.simplefilter("ignore", DamagedRecordWarning)
        rows, failures = _plain(store.frame()), _plain(store.failures())
    apart = {name: rows[rows.harness == name] for name in (EVALUATOR, READING, MATCHED)}
    rows = rows[~rows.harness.isin(list(apart))]
    return Evidence(folder, rows, failures, tuple(store.damaged), *apart.values())


def label(method: str, parameters: str) -> str:
    """A method as it is called in the report.

    >>> label("stm", "{}"), label("stm", '{"every":1,"top_k":20}')
    ('stm', 'stm(every=1, top_k=20)')
    """
    given = json.loads(parameters)
    inner = ", ".join(f"{name}={value}" for name, value in given.items())
    return f"{method}({inner})" if inner else method


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with labels."""
    pairs = frame[["method", "parameters"]].drop_duplicates()
    names = {(m, p): label(m, p) for m, p in pairs.itertuples(index=False)}
    labels = [names[pair] for pair in zip(frame.method, frame.parameters, strict=True)]
    return frame.assign(label=pd.Categorical(labels))
