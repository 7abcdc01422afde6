"""The clauses of the contract, one function each; its first docstring line is the promise."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from vosbench.harness.contract.breach import ExemptError, demand
from vosbench.harness.contract.costs import cost, growth
from vosbench.harness.contract.exported import onnx
from vosbench.harness.contract.trial import (
    GRID,
    LIVED,
    OBJECTS,
    Trial,
    leaves,
    lived,
    of_objects,
    same,
    written,
)
from vosbench.memory import Growth, Memory, WritePolicy, tensors

LARGE = 16.0  # scores of several hundred: exp overflows in float16 from 11 on, in float32 from 88
LATER = 37  # frames into a video
_TORCHS = vars(nn.Module()).keys()  # attributes that every module has


def shapes(trial: Trial) -> None:
    """A read gives (readout, state), (objects, value_dim, h, w) and tensors and numbers."""
    memory = trial.memory()
    state = written(memory, trial.frames(memory, 2))
    one = trial.query(memory)
    pair = memory.read(state, one)
    form = isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], Tensor)
    demand(form, "read to return (readout, state)", f"a {type(pair).__name__}")
    read, wanted = pair[0], (OBJECTS, memory.value_dim, *GRID)
    demand(tuple(read.shape) == wanted, f"a readout of shape {wanted}", tuple(read.shape))
    plain = Tensor | int | float | None
    odd = {type(x).__name__ for x in leaves(state) if not isinstance(x, plain)}
    demand(not odd, "a state that is a NamedTuple of tensors and numbers", ", ".join(sorted(odd)))


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
    asked = trial.query(memory)
    others = trial.frames(memory, LIVED, seed=9)
    for item, other in zip(trial.frames(memory, LIVED), others, strict=True):
        left = memory.write(state, item)
        alone = memory.read(left, asked)[0].clone()
        memory.read(memory.write(state, other), asked)
        close(memory.read(left, asked)[0], alone, "a state that another write does not change")
        state = memory.read(left, asked)[1]


def reset(trial: Trial) -> None:
    """Nothing of one video is left in the next: a module keeps no state of its own."""
    memory, fresh = trial.memory(), trial.memory()
    visible = copy.deepcopy(_visible(memory))
    weights = copy.deepcopy(memory.state_dict())
    items, asked = trial.frames(memory, LIVED, seed=2), trial.query(memory)
    lived(memory, trial.frames(memory, LIVED, seed=1), asked)
    now, wanted = (lived(m, items, asked) for m in (memory, fresh))
    demand(torch.equal(now, wanted), "the readout of a fresh module", "another readout")
    for name in visible.keys() | _visible(memory).keys():
        untouched = same(visible.get(name), _visible(memory).get(name))
        demand(untouched, f"self.{name} as it was", "a changed one")
    kept = memory.state_dict()
    demand(all(same(kept[k], v) for k, v in weights.items()), "weights untouched", "changed")


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
    close(lived(memory, later, asked), lived(memory, items, asked), expected)


def permutation(trial: Trial) -> None:
    """Permuting the objects permutes the readout; a query may be of all objects or of each."""
    memory, order = trial.memory(), [2, 0, 1]
    items, asked = trial.frames(memory, LIVED), trial.query(memory)
    plain = lived(memory, items, asked)
    each = lived(memory, items, asked.repeat(OBJECTS, 1, 1, 1))
    close(each, plain, "the same readout for one query and for one repeated for each object")
    moved = [of_objects(memory, item, order) for item in items]
    close(lived(memory, moved, asked), plain[order], "the readout in the objects' new order")


def removal(trial: Trial) -> None:
    """An object's readout does not depend on which others there are."""
    memory, kept = trial.memory(), [0, 2]
    items, asked = trial.frames(memory, LIVED), trial.query(memory)
    plain = lived(memory, items, asked)
    fewer = [of_objects(memory, item, kept) for item in items]
    close(lived(memory, fewer, asked), plain[kept], "the other objects' readout")


def half(trial: Trial) -> None:
    """Keys and queries in float16, far too large for a plain exp, give finite readouts."""
    trial = replace(trial, dtype=torch.float16)
    memory, state = trial.memory(), None
    asked, gain = LARGE * trial.query(memory), memory.gain(GRID[0] * GRID[1])
    for item in trial.frames(memory, LIVED):
        state = memory.write(state, item._replace(key=LARGE * item.key))
        readout, state = memory.read(state, asked)
        finite = bool((readout.float() / gain).isfinite().all())
        demand(finite, "finite numbers", f"inf or nan at t = {item.t}")


def gradients(trial: Trial) -> None:
    """Gradients reach keys and values, so that it can be trained."""
    memory = trial.memory()
    items, asked = trial.frames(memory, 3), trial.query(memory)
    keys, values = [i.key for i in items], [i.value for i in items]
    for leaf in (asked, *keys, *values, *memory.parameters()):
        leaf.requires_grad_()
    readout = memory.read(written(memory, items), asked)[0]
    if not readout.requires_grad and memory.growth is Growth.CONSTANT and not readout.any():
        raise ExemptError("it reads zeros: there is nothing to train")
    demand(readout.requires_grad, "a gradient at the readout", "none")
    torch.autograd.backward(readout.square().sum())
    demand(any(_reached(x) for x in values), "a gradient at some value", "none")
    demand(any(_reached(x) for x in keys) or not _depends_on_keys(trial), "a gradient at some key",
           "none")  # fmt: skip


def _reached(x: Tensor) -> bool:
    return x.grad is not None and bool(x.grad.abs().sum() > 0)


def _depends_on_keys(trial: Trial) -> bool:
    memory = trial.memory()
    items, asked = trial.frames(memory, 3), trial.query(memory)
    other = [i._replace(key=i.key.flip(1)) for i in items]
    one, two = (memory.read(written(memory, x), asked)[0] for x in (items, other))
    return not torch.equal(one, two)


def determinism(trial: Trial) -> None:
    """The same seed and frames give the same bits."""
    made = [trial.memory() for _ in range(2)]
    one, two = (lived(m, trial.frames(m, LIVED), trial.query(m)) for m in made)
    demand(torch.equal(one, two), "the same bits twice", f"{(one - two).abs().max():.2g} apart")


def facts(trial: Trial) -> None:
    """It names its paper, its growth and its policy; no weight is in its state."""
    memory = trial.memory()
    demand(bool(getattr(memory, "paper", "")), "paper = 'Authors, title, arXiv number'", "nothing")
    demand(
        isinstance(memory.growth, Growth), "growth of kind vosbench.memory.Growth", memory.growth
    )
    demand(isinstance(memory.policy, WritePolicy), "a policy of kind WritePolicy", memory.policy)
    demand(memory.gain(576) > 0, "a positive gain", memory.gain(576))
    state = written(memory, trial.frames(memory, 2))
    demand(not any(x.requires_grad for x in tensors(state) if x.is_leaf), "a state without weights",
           "a parameter in it")  # fmt: skip


def close(a: Tensor, b: Tensor, expected: str) -> None:
    """A BreachError unless two readouts agree to 1e-9."""
    apart = float((a - b).abs().max()) if a.numel() else 0.0
    demand(torch.allclose(a, b, rtol=1e-9, atol=1e-9), expected, f"one {apart:.2g} apart")


CHECKS: Mapping[str, Callable[[Trial], None]] = MappingProxyType(
    {
        check.__name__: check
        for check in (shapes, determinism, facts, purity, branching, reset, late, permutation,
                      removal, half, growth, cost, gradients, onnx)
    }
)  # fmt: skip
