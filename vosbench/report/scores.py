"""J and F from the records: per object, per sequence and per method, by the protocol's own mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from vosbench.metrics import PROTOCOLS, paired
from vosbench.metrics.pairs import LEVEL, holm_of_pairs
from vosbench.metrics.statistics import summarise
from vosbench.report.evidence import Evidence
from vosbench.report.runs import Difference, Run, competing, named
from vosbench.report.settings import Setting, digest, split
from vosbench.results import CONTROL

METRICS = ("J", "F", "J_after_return")  # per object and frame
STATISTICS = ("mean", "recall", "decay")
AFTER_RETURN = "J_after_return_mean"
_RUN = ["label", "weights"]  # with a setting, these two name one run over a data set


@dataclass(frozen=True)
class Scores:
    """All accuracy rows of one setting."""

    setting: Setting
    frames: pd.DataFrame  # label, weights, sequence, object, t, metric (of METRICS), value
    planned: int = 0  # sequences that the run was to have; 0: not noted
    measured: int = 0  # sequences it has, those with nothing to score included

    @cached_property
    def runs(self) -> list[Run]:
        pairs = self.frames[_RUN].drop_duplicates().sort_values(_RUN)
        found = named(list(pairs.itertuples(index=False, name=None)))
        return sorted(found, key=lambda run: run.swapped)  # stable: swapped weights come last

    @cached_property
    def sequences(self) -> list[str]:
        """Every sequence that any method was run on."""
        return sorted(set(self.frames.sequence))

    @property
    def unfinished(self) -> str:
        """What a reader must know of a run that was stopped; "" where all is there."""
        if self.measured >= self.planned:
            return ""
        of = f"{self.planned} sequences of {self.setting.dataset}"
        return f"Not finished: {self.measured} of {of} so far."

    @cached_property
    def objects(self) -> pd.DataFrame:
        """One line per run, sequence and object: J_mean, J_recall, J_decay, F_mean, ..., J&F, and
        J_after_return_mean, NaN where the object never comes back.
        """
        lines: dict[tuple[object, ...], dict[str, float]] = {}
        ordered = self.frames.sort_values("t")
        keys = [*_RUN, "sequence", "object", "metric"]
        for key, part in ordered.groupby(keys, observed=True):
            *where, metric = key
            line = lines.setdefault(tuple(where), {})
            values = summarise(part.value.dropna().to_numpy())
            line.update({f"{metric}_{s}": v for s, v in zip(STATISTICS, values, strict=True)})
        names = ["label", "weights", "sequence", "object"]
        columns = [*SCORE_COLUMNS, AFTER_RETURN]
        table = pd.DataFrame(list(lines.values()), columns=columns, dtype=float)
        table[names] = pd.DataFrame(list(lines), columns=names)
        table["J&F"] = (table.J_mean + table.F_mean) / 2
        return table

    @cached_property
    def per_sequence(self) -> pd.DataFrame:
        """J&F, sequences down and runs across (by name): mean over a sequence's objects."""
        table = self.objects.groupby([*_RUN, "sequence"], observed=True)["J&F"].mean()
        names = {(run.label, run.weights): run.name for run in self.runs}
        index = [(names[label, weights], seq) for label, weights, seq in table.index]
        flat = pd.Series(table.to_numpy(), pd.MultiIndex.from_tuples(index, names=["run", "seq"]))
        return flat.unstack("run").reindex(self.sequences)[[run.name for run in self.runs]]

    @cached_property
    def weights(self) -> pd.Series:
        """What a sequence counts in a total: its objects. Under `davis2016` it is one."""
        return self.objects.groupby("sequence", observed=True).object.nunique()

    @property
    def returning(self) -> int:
        """Objects that come back after an absence."""
        back = self.objects.dropna(subset=[AFTER_RETURN])
        return len(back[["sequence", "object"]].drop_duplicates())

    @property
    def over(self) -> str:
        """What the protocol averages over: "objects" or "sequences"."""
        return mean_over(self.setting.protocol)

    def total(self, run: Run) -> dict[str, float]:
        """A run's J&F, J_mean, ..., F_decay over the data set."""
        return self._totals[run]

    @cached_property
    def _totals(self) -> dict[Run, dict[str, float]]:
        return {run: self._total(run) for run in self.runs}

    def _total(self, run: Run) -> dict[str, float]:
        mine = (self.objects.label == run.label) & (self.objects.weights == run.weights)
        # Under `davis2016` a sequence is one object, so this is its mean over sequences.
        numbers = self.objects.loc[mine, ["J&F", *SCORE_COLUMNS, AFTER_RETURN]]
        return {str(name): float(value) for name, value in numbers.mean().items()}

    def covered(self, run: Run) -> int:
        """Sequences on which the run has both J and F."""
        return int(self.per_sequence[run.name].notna().sum())

    def compare(self, first: Run, second: Run) -> Difference | None:
        """Paired over the sequences that both have; None below two of them."""
        both = self.per_sequence[[first.name, second.name]].dropna()
        if len(both) < 2:
            return None
        a, b = both.to_numpy().T
        found = paired(a, b, weights=self.weights[both.index].to_numpy())
        return Difference(first, second, *found, clear=found.clear, sequences=len(both))

    @cached_property
    def against_best(self) -> list[Difference]:
        """The best of those that compete against every other one, then against those on swapped
        weights; best first, all of them over all sequences.

        p is of all pairs of those that compete (`holm_of_pairs`): who else was run has no say in
        it. That of a swapped run is of all pairs, swapped ones included.
        """
        own = self.competing()
        apart = [r for r in self.ranked() if r.swapped and not r.is_control and r not in own]
        swapped = [d for d in self._against_first([*own, *apart]) if own and d.second in apart]
        return self._against_first(own) + swapped

    def _against_first(self, ranked: list[Run]) -> list[Difference]:
        """The first run against every other, p being of all pairs of them."""
        if len(ranked) < 2 or len(self.sequences) < 2:
            return []
        values = self.per_sequence[[run.name for run in ranked]].to_numpy().T
        p = holm_of_pairs(list(values), self.weights[self.per_sequence.index].to_numpy())
        found = [self.compare(ranked[0], run) for run in ranked[1:]]
        return [
            replace(d, p=p[0, i], clear=p[0, i] <= LEVEL)
            for i, d in enumerate(found, 1)
            if d is not None
        ]

    def control(self, run: Run) -> Run | None:
        """`none` on the run's own weights: what the network does with nothing to read."""
        if run.untrained or run.label == CONTROL:
            return None
        mine = digest(run.weights)
        found = (r for r in self.runs if r.label == CONTROL and digest(r.weights) == mine)
        return next(found, None)

    def competing(self) -> list[Run]:
        """Runs over all sequences that are ranked against each other, best J&F first."""
        rivals = competing(self.runs)
        return [run for run in self.ranked() if run in rivals]

    def ranked(self) -> list[Run]:
        """Runs that cover every sequence, best J&F first."""
        whole = [run for run in self.runs if self.covered(run) == len(self.sequences)]
        return sorted(whole, key=lambda run: -self.total(run)["J&F"])


SCORE_COLUMNS = [f"{metric}_{statistic}" for metric in "JF" for statistic in STATISTICS]


def mean_over(protocol: str) -> str:
    """What a metrics protocol averages over; objects for one this version does not know."""
    known = PROTOCOLS.get(protocol)
    return "sequences" if known is not None and known.binary else "objects"


def all_scores(evidence: Evidence) -> list[Scores]:
    """One `Scores` per setting, the one with most numbers first."""
    found = []
    for setting, part in split("accuracy", evidence.of("accuracy")):
        frames = part[part.metric.isin(METRICS) & part.object.notna()]
        planned = part.value[part.metric == "planned_sequences"].max()
        if not frames.empty:
            count = 0 if np.isnan(planned) else int(planned)
            found.append(Scores(setting, frames, count, part.sequence.nunique()))
    return sorted(found, key=lambda scores: -len(scores.frames))
