"""The clause about ONNX."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from vosbench.errors import one_line
from vosbench.harness.contract.breach import ExemptError, SkippedError, bare, demand
from vosbench.harness.contract.onnx_graph import (
    PARTS,
    Step,
    arguments,
    as_array,
    export,
    missing,
    run,
)
from vosbench.harness.contract.trial import Trial, written
from vosbench.memory import Growth, state_bytes

APART = 1e-4  # absolute and relative, of torch and onnxruntime in float32
FRAMES = 3  # in the state that is exported
LATER = 6  # in the state that a constant one's graph is run on
MOST = 20  # frames in which a bounded state is looked for that no longer grows


def onnx(trial: Trial) -> None:
    """Read and write export to ONNX with the state as inputs and outputs, and agree there."""
    lacking = missing()
    if lacking:
        raise SkippedError(f"{', '.join(lacking)} not installed: pip install -e '.[onnx]'")
    trial = replace(trial, dtype=torch.float32)
    excused, at = dict(trial.memory().no_onnx), _full(trial)
    demand(excused.keys() <= set(PARTS), "no_onnx with reasons for read or write", list(excused))
    for part in PARTS:
        if part not in excused:
            wrong = _wrong(trial, part, at or FRAMES)
            demand(wrong is None, f"the same {part} in onnxruntime within {APART}", wrong)
        elif at is not None:
            demand(_wrong(trial, part, at) is not None,
                   f"a {part} that does not export, as no_onnx says", "one that does")  # fmt: skip
    if excused:
        why = [f"its {part} does not export: {bare(v)}" for part, v in excused.items()]
        raise ExemptError("; ".join(why))


def _full(trial: Trial) -> int | None:
    """Frames in a state that the next write makes no larger: there, a bounded memory evicts.

    FRAMES where a memory is not bounded; None where none is found, so that no write of the trial
    can speak for those that evict.
    """
    memory = trial.memory()
    if memory.growth is not Growth.BOUNDED:
        return FRAMES
    state, sizes = None, [0]  # sizes[n] with n frames written
    for frame in trial.frames(memory, MOST):
        state = memory.write(state, frame)
        sizes.append(state_bytes(state))
    return next((n for n in range(1, MOST) if sizes[n + 1] <= sizes[n]), None)


def _wrong(trial: Trial, part: str, count: int) -> str | None:
    """Why a part has no graph, or how far apart its graph is; None where all is well.

    The graph is run on another state than it was made from, later where the shapes allow it: what
    was frozen into it shows.
    """
    memory = trial.memory()
    *first, last = trial.frames(memory, count + 1)
    query, state = trial.query(memory), written(memory, first)
    try:
        graph = export(trial.memory(), part, state, query, last)
    except Exception as error:  # the exporter has many ways to give up
        return one_line(error.__cause__ or error)
    if memory.growth is Growth.CONSTANT:
        count = LATER
    *first, last = trial.frames(memory, count + 1, seed=9)
    size, state = state_bytes(state), written(memory, first)
    if memory.growth is Growth.CONSTANT and state_bytes(state) != size:
        raise SkippedError("growth has to hold first")
    called = arguments(part, state, query, last._replace(t=10 * LATER))
    return _apart(run(graph, called), Step(trial.memory(), part, state)(*called))


def _apart(got: list[np.ndarray], wanted: tuple[Any, ...]) -> str | None:
    for i, (a, b) in enumerate(zip(got, map(as_array, wanted), strict=True)):
        if a.shape != b.shape or not np.allclose(a, b, rtol=APART, atol=APART):
            far = f"{np.abs(a - b).max():.2g} apart" if a.shape == b.shape else f"shape {a.shape}"
            return f"output {i} {far}"
    return None
