"""The clauses of the contract, one function each; its first docstring line is the promise."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import torch
from torch import Tensor

from vosbench.harness.contract.breach import ExemptError, demand
from vosbench.harness.contract.costs import cost, growth
from vosbench.harness.contract.exported import onnx
from vosbench.harness.contract.trial import (
    GRID,
    OBJECTS,
    Trial,
    leaves,
    lived,
    of_objects,
    same,
    written,
)
from vosbench.memory import Growth, WritePolicy, tensors

LIVED = 24  # writes, each read: a bank of ten frames has evicted or consolidated by then
LARGE = 16.0  # scores of several hundred: exp overflows in float16 from 11 on, in float32 from 88


def shapes(trial: Trial) -> None:
    """A readout is (objects, value_dim, h, w), for a query of one or of all objects, alike."""
    memory = trial.memory()
    state = written(memory, trial.frames(memory, 2))
    one = trial.query(memory)
    read = memory.read(state, one)[0]
    wanted = (OBJECTS, memory.value_dim, *GRID)
    demand(tuple(read.shape) == wanted, f"a readout of shape {wanted}", tuple(read.shape))
    again = memory.read(state, one.repeat(OBJECTS, 1, 1, 1))[0]
    close(read, again, "the same readout for one query and for one repeated for each object")


def purity(trial: Trial) -> None:
    """Writing and reading leave the old state, the frame and the query untouched."""
    memory = trial.memory()
    *first, last = trial.frames(memory, 4)
    state, asked = written(memory, first), trial.query(memory)
    held = state, last, asked
    before = copy.deepcopy(held)
    after = memory.write(state, last)
    memory.read(after, asked)
    memory.read(state, asked)
    for name, a, b in zip(("state", "frame", "query"), before, held, strict=True):
        demand(same(a, b), f"the {name} as it was before", f"a changed {name}")


def branching(trial: Trial) -> None:
    """Two writes to one state give two states: the host writes the previous frame for a moment."""
    memory = trial.memory()
    *first, one, two = trial.frames(memory, 5)
    state, asked = written(memory, first), trial.query(memory)
    left = memory.write(state, one)
    alone = memory.read(left, asked)[0].clone()
    memory.read(memory.write(state, two), asked)
    close(memory.read(left, asked)[0], alone, "a state that another write does not change")


def reset(trial: Trial) -> None:
    """Nothing of one video is left in the next: a module keeps no state of its own."""
    memory, fresh = trial.memory(), trial.memory()
    visible = {k: v for k, v in vars(memory).items() if not k.startswith("_")}
    weights = copy.deepcopy(memory.state_dict())
    before = written(memory, trial.frames(memory, 4, seed=1))
    memory.read(before, trial.query(memory))
    items, asked = trial.frames(memory, 3, seed=2), trial.query(memory)
    now, wanted = (m.read(written(m, items), asked)[0] for m in (memory, fresh))
    demand(torch.equal(now, wanted), "the readout of a fresh module", "another readout")
    after = {k: v for k, v in vars(memory).items() if not k.startswith("_")}
    demand(same(list(visible.values()), list(after.values())), "attributes untouched", "changed")
    kept = memory.state_dict()
    demand(all(same(kept[k], v) for k, v in weights.items()), "weights untouched", "changed")


def permutation(trial: Trial) -> None:
    """Permuting the objects permutes the readout and changes nothing else."""
    memory, order = trial.memory(), [2, 0, 1]
    items, asked = trial.frames(memory, LIVED), trial.query(memory)
    plain = lived(memory, items, asked)
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
    """Keys and queries in float16, far too large for a plain exp, give a finite readout."""
    trial = replace(trial, dtype=torch.float16)
    memory = trial.memory()
    items = [i._replace(key=LARGE * i.key) for i in trial.frames(memory, 3)]
    readout = memory.read(written(memory, items), LARGE * trial.query(memory))[0]
    readout = readout.float() / memory.gain(GRID[0] * GRID[1])
    demand(bool(readout.isfinite().all()), "finite numbers", "inf or nan")


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
    one, two = (m.read(written(m, trial.frames(m, 5)), trial.query(m))[0] for m in made)
    demand(torch.equal(one, two), "the same bits twice", f"{(one - two).abs().max():.2g} apart")


def facts(trial: Trial) -> None:
    """It names its paper, its growth and its policy; its state is tensors and numbers."""
    memory = trial.memory()
    demand(bool(getattr(memory, "paper", "")), "paper = 'Authors, title, arXiv number'", "nothing")
    demand(
        isinstance(memory.growth, Growth), "growth of kind vosbench.memory.Growth", memory.growth
    )
    demand(isinstance(memory.policy, WritePolicy), "a policy of kind WritePolicy", memory.policy)
    demand(memory.gain(576) > 0, "a positive gain", memory.gain(576))
    state = written(memory, trial.frames(memory, 2))
    odd = [x for x in leaves(state) if not isinstance(x, Tensor | int | float | None)]
    demand(not odd, "a state of tensors and numbers", odd)
    demand(not any(x.requires_grad for x in tensors(state) if x.is_leaf), "a state without weights",
           "a parameter in it")  # fmt: skip


def close(a: Tensor, b: Tensor, expected: str) -> None:
    """A BreachError unless two readouts agree to 1e-9."""
    apart = float((a - b).abs().max()) if a.numel() else 0.0
    demand(torch.allclose(a, b, rtol=1e-9, atol=1e-9), expected, f"one {apart:.2g} apart")


CHECKS: Mapping[str, Callable[[Trial], None]] = MappingProxyType(
    {
        check.__name__: check
        for check in (shapes, purity, branching, reset, permutation, removal, half, growth, cost,
                      gradients, determinism, facts, onnx)
    }
)  # fmt: skip
