"""The control of a comparison of memories: `none` on the same weights."""

from __future__ import annotations

from dataclasses import replace

from vosbench.harness.checkpoint import trained
from vosbench.harness.settings import Settings
from vosbench.results import CONTROL


def controls(settings: Settings) -> list[Settings]:
    """A run of `none` on the shipped weights of each method of a run, for its J and F alone.

    What a method scores above it is what its memory adds; near it, the network never looks there.
    Methods with parameters, or without shipped weights, have no control.
    """
    if "accuracy" not in settings.harnesses or settings.weights != "auto":
        return []
    shipped = [name for name in trained(settings.preset) if name in settings.methods]
    return [
        replace(settings, methods=(CONTROL,), weights=name, harnesses=("accuracy",))
        for name in shipped
        if name != CONTROL
    ]
