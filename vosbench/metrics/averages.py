"""From objects to one number: means over objects, or over seen and unseen classes apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from vosbench.metrics.statistics import Summary

Key = tuple[str, int]  # sequence, object id


class JF(NamedTuple):
    """Both measures, of one object or averaged."""

    J: Summary
    F: Summary

    @property
    def mean(self) -> float:
        """J&F, the mean of both means."""
        return (self.J.mean + self.F.mean) / 2


def average(objects: Iterable[JF]) -> JF:
    """Mean of each statistic over objects, every object weighing the same.

    Under `davis2016` a sequence is one object, so this is its mean over sequences.
    """
    both = list(objects)
    J, F = (
        [float(np.mean(statistic)) for statistic in zip(*measure, strict=True)]
        for measure in zip(*both, strict=True)
    )
    return JF(Summary(*J), Summary(*F))


def groups(
    objects: Mapping[Key, JF], unseen: frozenset[Key] | None, *, apart: bool
) -> dict[str, JF]:
    """The global score, and under `seen`, `unseen` those of the classes told apart.

    Args:
        objects: J and F of every scored object.
        unseen: objects whose class is not in the training set, or None if that is not known.
        apart: whether the protocol averages seen and unseen first and then both (YouTube-VOS).
    """
    if not apart or unseen is None:
        return {"global": average(objects.values())}
    parts = {
        "seen": [jf for key, jf in objects.items() if key not in unseen],
        "unseen": [jf for key, jf in objects.items() if key in unseen],
    }
    means = {name: average(part) for name, part in parts.items() if part}
    return {"global": average(means.values()), **means}
