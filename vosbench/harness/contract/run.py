"""One method held to every clause."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import torch

from vosbench import registry
from vosbench.errors import PluginError, UsageError, one_line
from vosbench.harness.contract.breach import BreachError, ExemptError, SkippedError, bare
from vosbench.harness.contract.checks import CHECKS
from vosbench.harness.contract.trial import Trial

GUIDE = {  # clause -> what helps, word for word as in CONTRIBUTING.md, "The contract"
    "shapes": "return (readout, state), the state a NamedTuple; unflatten with the query's h and w",
    "purity": "build new tensors; nothing in place",
    "branching": "never append into storage that an older state sees",
    "reset": "keep nothing on `self`, its class or the module",
    "late": "count the writes in the state; t is an index",
    "permutation": "treat all objects alike",
    "removal": "no sum, softmax or norm over the first axis",
    "half": "subtract the maximum first",
    "growth": "declare what is true, or evict; no sum without end",
    "cost": "count every product and every tensor that lives at once",
    "gradients": "no detach, no argmax on the way",
    "determinism": "draw no random numbers",
    "facts": "set them on the class",
    "onnx": "no branch on what tensors hold; what cannot be helped is named in `no_onnx`",
}


GRANTED = ("shapes", "determinism")  # what every clause after it takes for granted


class Finding(NamedTuple):
    """What one clause gave."""

    clause: str
    promise: str
    status: str  # "holds", "exempt", "skipped" or "broken"
    detail: str  # "" where it holds


def check(
    method: str, parameters: dict[str, Any] | None = None, clauses: Iterable[str] = tuple(CHECKS),
    first: list[Any] | None = None,
) -> Iterator[Finding]:  # fmt: skip
    """Holds a method to the contract, clause by clause.

    Args:
        method: its name.
        parameters: of its own.
        clauses: those to hold it to.
        first: see `Trial.first`.

    Raises:
        UsageError: there is no such method, or it has no such parameter.
    """
    trial = Trial(method, parameters or {}, first=first)
    if own := {"key_dim", "value_dim"} & trial.parameters.keys():
        raise UsageError(f"{sorted(own)[0]} given: a check sets the widths itself; leave it out")
    with suppress(PluginError):  # the first clause tells it
        registry.build(method, 8, 8, **trial.parameters)
    waiting = list(clauses)
    while waiting:
        clause = waiting.pop(0)
        found = Finding(clause, promise(clause), *_tried(clause, trial))
        yield found
        if rest := unjudged(found, waiting):
            yield from rest
            return


def promise(clause: str) -> str:
    """What a clause promises, in one sentence."""
    return (CHECKS[clause].__doc__ or "").splitlines()[0]


def unjudged(found: Finding, waiting: Iterable[str]) -> list[Finding]:
    """Clauses that cannot be judged after this finding: they would all be broken by one fault."""
    if found.status != "broken" or found.clause not in GRANTED:
        return []
    why = f"{found.clause} has to hold first"
    return [Finding(clause, promise(clause), "skipped", why) for clause in waiting]


def _tried(clause: str, trial: Trial) -> tuple[str, str]:
    try:
        with torch.random.fork_rng(devices=[]), torch.set_grad_enabled(clause == "gradients"):
            CHECKS[clause](trial)
    except ExemptError as reason:
        return "exempt", str(reason)
    except SkippedError as reason:
        return "skipped", str(reason)
    except BreachError as breach:
        return "broken", f"{breach}: {advice(clause)}"
    except (Exception, SystemExit) as error:  # what helps a breach does not help here
        return "broken", f"it raises {bare(one_line(error))} ({_place(error)})"
    return "holds", ""


def _place(error: BaseException) -> str:
    """The line where it was raised, the last one outside of torch."""
    lines = traceback.extract_tb(error.__traceback__)
    own = [line for line in lines if "/torch/" not in line.filename] or lines
    return f"{own[-1].filename}:{own[-1].lineno}"


def advice(clause: str) -> str:
    """What helps, and where it is written."""
    return f"{GUIDE[clause]} (CONTRIBUTING.md, the contract: {clause})"
