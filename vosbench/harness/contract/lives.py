"""The clauses on lives: what a video changes, leaves behind, or mixes up."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from vosbench.harness.contract.breach import SkippedError, demand
from vosbench.harness.contract.trial import LIVED, OBJECTS, Trial, lived, of_objects, same
from vosbench.memory import Memory

LATER = 37  # frames into a video
_TORCHS = vars(nn.Module()).keys()  # attributes that every module has


def purity(trial: Trial) -> None:
    """Writing and reading leave the old state, the frame and the query untouched."""
    memory, state = trial.memory(), None
    asked = trial.query(memory)
    for item in trial.frames(memory, LIVED):
        held = state, item, asked
        before = copy.deepcopy(held)
        written_to = memory.write(state, item)
        then = copy.deepcopy(written_to)
        state = memory.read(written_to, asked)[1]
        for name, a, b in zip(("state", "frame", "query"), before, held, strict=True):
            demand(same(a, b), f"the {name} as it was before", f"a changed {name} at t = {item.t}")
        demand(same(then, written_to), "a read that changes no state", f"one does at t = {item.t}")


def branching(trial: Trial) -> None:
    """Two writes to one state give two states: the host writes the previous frame for a moment."""
    memory, state = trial.memory(), None
    others = trial.frames(memory, LIVED, seed=9)
    for item, other in zip(trial.frames(memory, LIVED), others, strict=True):
        before = copy.deepcopy(state)
        left = memory.write(state, item)
        written_to = copy.deepcopy(left)
        alone = memory.read(left, trial.query(memory))[0].clone()
        read_alone = copy.deepcopy(left)
        memory.read(memory.write(state, other), trial.query(memory))
        if not (same(before, state) and same(written_to, read_alone)):
            raise SkippedError("purity has to hold first")
        again, following = memory.read(left, trial.query(memory))
        close(again, alone, "a state that another write does not change")
        state = following


def reset(trial: Trial) -> None:
    """Nothing of one video is left in the next: a module keeps no state of its own.

    What it keeps on its class or elsewhere in the process a fresh module shares; that shows beside
    a process in which no video came before, where `check_apart` has lived one.
    """
    memory = trial.memory()
    visible = copy.deepcopy(_visible(memory))
    weights = copy.deepcopy(memory.state_dict())
    lived(memory, trial.frames(memory, LIVED, seed=1), trial.query(memory))
    now = life(trial, memory)
    demand(torch.equal(now, life(trial, trial.memory())), "the readout of a fresh module",
           "another readout")  # fmt: skip
    if trial.first is not None:
        close(now, now.new_tensor(trial.first), "the readout of a video before which came none")
    for name in visible.keys() | _visible(memory).keys():
        untouched = same(visible.get(name), _visible(memory).get(name))
        demand(untouched, f"self.{name} as it was", "a changed one")
    kept = memory.state_dict()
    demand(all(same(kept[k], v) for k, v in weights.items()), "weights untouched", "changed")


def life(trial: Trial, memory: Memory) -> Tensor:
    """The last readout of the video that `reset` looks at."""
    return lived(memory, trial.frames(memory, LIVED, seed=2), trial.query(memory))


def _visible(memory: Memory) -> dict[str, Any]:
    """Attributes of the method's own that could hold what a video left."""
    return {
        k: v for k, v in vars(memory).items()
        if k not in _TORCHS and isinstance(v, Tensor | int | float | tuple | list | dict | None)
    }  # fmt: skip


def late(trial: Trial) -> None:
    """An object given in the middle of a video starts there: t is an index, not a count."""
    memory = trial.memory()
    items, asked = trial.frames(memory, LIVED), trial.query(memory)
    later = [item._replace(t=item.t + LATER) for item in items]
    expected = f"the readout of the same frames {LATER} later"
    close(lived(trial.memory(), later, asked), lived(memory, items, asked), expected)


def permutation(trial: Trial) -> None:
    """Permuting the objects permutes the readout; a query may be of all objects or of each."""
    memory, order = trial.memory(), [2, 0, 1]
    items, asked = trial.frames(memory, LIVED), trial.query(memory)
    plain = lived(memory, items, asked)
    each = lived(trial.memory(), items, asked.repeat(OBJECTS, 1, 1, 1))
    close(each, plain, "the same readout for one query and for one repeated for each object")
    moved = [of_objects(memory, item, order) for item in items]
    reordered = lived(trial.memory(), moved, asked)
    close(reordered, plain[order], "the readout in the objects' new order")


def removal(trial: Trial) -> None:
    """An object's readout does not depend on which others there are."""
    memory, kept = trial.memory(), [0, 2]
    items, asked = trial.frames(memory, LIVED), trial.query(memory)
    plain = lived(memory, items, asked)
    fewer = [of_objects(memory, item, kept) for item in items]
    close(lived(trial.memory(), fewer, asked), plain[kept], "the other objects' readout")


def close(a: Tensor, b: Tensor, expected: str) -> None:
    """A BreachError unless two readouts agree to 1e-9."""
    apart = float((a - b).abs().max()) if a.numel() else 0.0
    demand(torch.allclose(a, b, rtol=1e-9, atol=1e-9), expected, f"one {apart:.2g} apart")
