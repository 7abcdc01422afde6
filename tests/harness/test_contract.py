"""Every registered method keeps the contract, and the contract finds what breaks it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from vosbench import registry
from vosbench.errors import UsageError
from vosbench.harness.contract import CHECKS, BreachError, check, exported
from vosbench.harness.contract.onnx_graph import missing
from vosbench.harness.contract.run import GUIDE
from vosbench.memory import Cost, Frame, Growth, Memory

QUICK = ("gc", "stm", "lowrank")  # whose graphs are made in every run: seconds each
EXEMPT = {("none", "gradients")} | {
    (method, "onnx") for method, kind in registry.methods().items() if kind.no_onnx
}  # the guide names them


def every_pair() -> Iterator[Any]:
    for method in registry.methods():
        for clause in CHECKS:
            slow = clause == "onnx" and method not in QUICK
            yield pytest.param(method, clause, marks=[pytest.mark.slow] if slow else [])


@pytest.mark.parametrize(("method", "clause"), list(every_pair()))
def test_every_method_keeps_every_clause(method: str, clause: str) -> None:
    if clause == "onnx" and missing() and "CI" not in os.environ:
        pytest.skip(f"{', '.join(missing())} not installed")
    (found,) = check(method, clauses=[clause])
    wanted = "exempt" if (method, clause) in EXEMPT else "holds"
    assert found.status == wanted, found.detail


def test_every_clause_is_in_the_guide_with_the_advice_that_a_breach_gives() -> None:
    text = (Path(__file__).resolve().parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    cells = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    assert {row[0]: row[-1] for row in cells[1:]} == GUIDE
    assert set(GUIDE) == set(CHECKS)


class Last(NamedTuple):
    value: Tensor


class Honest(Memory):
    """Remembers the last value: keeps the contract, so that one change breaks one clause."""

    growth = Growth.CONSTANT
    paper = "none"

    def write(self, state: Any, frame: Frame) -> Any:
        return Last(frame.value * frame.key.mean(1, keepdim=True))

    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        return state.value.clone(), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        return Cost(0, 0, 4 * objects * self.value_dim * pixels, 0)


class WrongShape(Honest):
    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        return state.value.flatten(2), state


class WritesInPlace(Honest):
    def write(self, state: Any, frame: Frame) -> Any:
        return Last(frame.value.mul_(2))


class SharesStorage(Honest):
    """Appends behind what the old state sees of a storage: that one stays, a sibling does not."""

    def write(self, state: Any, frame: Frame) -> Any:
        new, seen = super().write(None, frame).value, 0 if state is None else len(state.value)
        bank = new.new_empty(99, *new.shape) if state is None else state.value._base
        bank[seen] = new
        return Last(bank[: seen + 1])

    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        return state.value[-1].clone(), state


class KeepsOnSelf(Honest):
    def write(self, state: Any, frame: Frame) -> Any:
        self.sum = getattr(self, "sum", 0) + frame.value
        return Last(self.sum * frame.key.mean(1, keepdim=True))


class CountsFrames(Honest):
    def write(self, state: Any, frame: Frame) -> Any:
        return Last(super().write(state, frame).value / (frame.t + 1))


class Ordered(Honest):
    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        return state.value.cumsum(0), state


class Mixes(Honest):
    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        return state.value / state.value.abs().sum(0), state


class Overflows(Honest):
    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        return state.value * query.exp().mean(1, keepdim=True), state


class Hoards(Honest):
    def write(self, state: Any, frame: Frame) -> Any:
        new = super().write(state, frame).value
        return Last(new if state is None else torch.cat([state.value, new])[-40:])

    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        return state.value[-query.shape[0] :], state


class Understates(Honest):
    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        return super().cost(t, pixels, objects)._replace(state_bytes=0)


class Detaches(Honest):
    def write(self, state: Any, frame: Frame) -> Any:
        return Last(super().write(state, frame).value.detach())


class Gambles(Honest):
    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        return state.value + torch.randn(()), state


class Decides(Honest):
    """What it reads depends on what it holds: no graph."""

    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        return state.value * (1 if float(state.value.sum()) > 0 else 2), state


class Nameless(Honest):
    paper = ""


class Raises(Honest):
    def write(self, state: Any, frame: Frame) -> Any:
        raise RuntimeError("two\nlines")


BROKEN = {
    "shapes": WrongShape, "purity": WritesInPlace, "branching": SharesStorage,
    "reset": KeepsOnSelf, "late": CountsFrames, "permutation": Ordered, "removal": Mixes,
    "half": Overflows, "growth": Hoards, "cost": Understates, "gradients": Detaches,
    "determinism": Gambles, "facts": Nameless, "onnx": Decides,
}  # fmt: skip


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Registers a class as "plugin" for one test."""

    def add(kind: type[Memory]) -> str:
        registry.methods()
        monkeypatch.setitem(registry._modules, "plugin", kind)
        return "plugin"

    return add


def test_an_honest_module_keeps_every_clause(plugin: Any) -> None:
    found = list(check(plugin(Honest)))
    assert {f.clause for f in found if f.status != "holds"} <= ({"onnx"} if missing() else set())
    assert len(found) == len(CHECKS)


@pytest.mark.parametrize(("clause", "kind"), BROKEN.items())
def test_a_module_that_breaks_a_clause_is_told_what_was_expected_and_what_helps(
    plugin: Any, clause: str, kind: type[Memory]
) -> None:
    (found,) = check(plugin(kind), clauses=[clause])
    if (found.status, clause) == ("skipped", "onnx") and "CI" not in os.environ:
        pytest.skip(found.detail)
    assert found.status == "broken"
    assert GUIDE[clause] in found.detail
    assert "\n" not in found.detail


def test_every_clause_has_a_module_that_breaks_it() -> None:
    assert set(BROKEN) == set(CHECKS)


def test_the_widths_are_the_checks_own() -> None:
    with pytest.raises(UsageError, match="key_dim given: a check sets the widths itself"):
        next(check("gc", {"key_dim": 64}))


def test_a_module_that_raises_is_told_in_one_line(plugin: Any) -> None:
    found = list(check(plugin(Raises), clauses=["shapes"]))
    assert found[0].status == "broken"
    assert "\n" not in found[0].detail
    assert "RuntimeError: two lines" in found[0].detail


class Unborn(Honest):
    def __init__(self, key_dim: int, value_dim: int) -> None:
        raise ValueError(f"key_dim {key_dim} does not divide by 48")


def test_a_module_that_cannot_be_built_breaks_the_first_clause(plugin: Any) -> None:
    first, *rest = check(plugin(Unborn))
    assert (first.clause, first.status) == ("shapes", "broken")
    assert "cannot be built with defaults: ValueError: key_dim 8 does not" in first.detail
    assert {f.status for f in rest} == {"skipped"}


class Talkative(Honest):
    """Its own words end in stops."""

    no_onnx = MappingProxyType({"read": "It cannot be.", "write": "Nor can this;"})

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        raise RuntimeError("The cost is not known.")


def test_words_of_a_plugin_that_end_in_a_stop_are_gone_on_from_with_one_mark(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(registry._modules, "talkative", Talkative)
    monkeypatch.setattr(exported, "missing", lambda: [])
    monkeypatch.setattr(exported, "_wrong", lambda *_: "it has none")
    told = {f.clause: f.detail for f in check("talkative", clauses=("cost", "onnx"))}
    assert told["cost"].startswith("it raises RuntimeError: The cost is not known (")
    assert "test_contract.py:" in told["cost"]
    assert told["onnx"] == (
        "its read does not export: It cannot be; its write does not export: Nor can this"
    )
    assert str(BreachError("a state.", "nothing.")) == "expected a state; got nothing"
