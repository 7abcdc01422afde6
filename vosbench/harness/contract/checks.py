"""The clauses of the contract, one function each; its first docstring line is the promise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import torch
from torch import Tensor

from vosbench.harness.contract.breach import ExemptError, demand
from vosbench.harness.contract.costs import cost, growth
from vosbench.harness.contract.exported import onnx
from vosbench.harness.contract.lives import (
    branching,
    late,
    permutation,
    purity,
    removal,
    reset,
)
from vosbench.harness.contract.trial import GRID, LIVED, OBJECTS, Trial, leaves, lived, written
from vosbench.memory import Growth, WritePolicy, tensors

LARGE = 16.0  # scores of several hundred: exp overflows in float16 from 11 on, in float32 from 88


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
    demand(read.dtype == trial.dtype, f"a readout in {trial.dtype}, as values are", read.dtype)
    plain = Tensor | int | float | None
    odd = {type(x).__name__ for x in leaves(state) if not isinstance(x, plain)}
    demand(not odd, "a state that is a NamedTuple of tensors and numbers", ", ".join(sorted(odd)))


def half(trial: Trial) -> None:
    """Keys and queries in float16, far too large for a plain exp, give finite readouts."""
    trial = replace(trial, dtype=torch.float16)
    memory, state = trial.memory(), None
    asked, gain = trial.query(memory), memory.gain(GRID[0] * GRID[1])
    for item in trial.frames(memory, LIVED):
        state = memory.write(state, item._replace(key=LARGE * item.key))
        readout, state = memory.read(state, LARGE * asked)
        finite = bool((readout.float() / gain).isfinite().all())
        demand(finite, "finite numbers", f"inf or nan at t = {item.t}")


def gradients(trial: Trial) -> None:
    """Gradients reach keys and values, so that it can be trained."""
    memory = trial.memory()
    items, asked = trial.frames(memory, 3), trial.query(memory)
    keys, values = [i.key for i in items], [i.value for i in items]
    for leaf in (asked, *keys, *values, *memory.parameters()):
        leaf.requires_grad_()
    given = [i._replace(key=i.key.clone(), value=i.value.clone()) for i in items]
    readout = memory.read(written(memory, given), asked.clone())[0]
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
    one, two = (lived(trial.memory(), x, asked) for x in (items, other))
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
        isinstance(memory.growth, Growth),
        "growth to be one of " + ", ".join(f"Growth.{growth.name}" for growth in Growth),
        repr(memory.growth),
    )
    policy = memory.policy
    demand(isinstance(policy, WritePolicy), "policy to be a WritePolicy", repr(policy))
    demand(memory.gain(576) > 0, "a positive gain", memory.gain(576))
    state = written(memory, trial.frames(memory, 2))
    demand(not any(x.requires_grad for x in tensors(state) if x.is_leaf), "a state without weights",
           "a parameter in it")  # fmt: skip


CHECKS: Mapping[str, Callable[[Trial], None]] = MappingProxyType(
    {
        check.__name__: check
        for check in (shapes, determinism, facts, purity, branching, reset, late, permutation,
                      removal, half, growth, cost, gradients, onnx)
    }
)  # fmt: skip
