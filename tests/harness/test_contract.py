"""Every registered method keeps the contract, and the contract finds what breaks it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from vosbench import registry
from vosbench.harness.contract import CHECKS, check
from vosbench.harness.contract.run import GUIDE
from vosbench.memory import Cost, Frame, Growth, Memory


@pytest.mark.parametrize("clause", list(CHECKS))
@pytest.mark.parametrize("method", list(registry.methods()))
def test_every_method_keeps_every_clause(method: str, clause: str) -> None:
    (found,) = check(method, clauses=[clause])
    assert found.status == "holds" or (found.status, method) == ("exempt", "none"), found.detail


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
    def write(self, state: Any, frame: Frame) -> Any:
        new = super().write(state, frame)
        return new if state is None else Last(state.value.copy_(new.value))


class KeepsOnSelf(Honest):
    def write(self, state: Any, frame: Frame) -> Any:
        self.sum = getattr(self, "sum", 0) + frame.value
        return Last(self.sum * frame.key.mean(1, keepdim=True))


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
        return Cost(0, 0, 4 * objects * self.value_dim * pixels - 400, 0)


class Detaches(Honest):
    def write(self, state: Any, frame: Frame) -> Any:
        return Last(super().write(state, frame).value.detach())


class Gambles(Honest):
    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        return state.value + torch.randn(()), state


class Nameless(Honest):
    paper = ""


class Raises(Honest):
    def write(self, state: Any, frame: Frame) -> Any:
        raise RuntimeError("two\nlines")


BROKEN = {
    "shapes": WrongShape, "purity": WritesInPlace, "branching": SharesStorage,
    "reset": KeepsOnSelf, "permutation": Ordered, "removal": Mixes, "half": Overflows,
    "growth": Hoards, "cost": Understates, "gradients": Detaches, "determinism": Gambles,
    "facts": Nameless,
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
    assert [f.clause for f in found if f.status != "holds"] == []
    assert len(found) == len(CHECKS)


@pytest.mark.parametrize(("clause", "kind"), BROKEN.items())
def test_a_module_that_breaks_a_clause_is_told_what_was_expected_and_what_helps(
    plugin: Any, clause: str, kind: type[Memory]
) -> None:
    found = {f.clause: f for f in check(plugin(kind))}
    assert found[clause].status == "broken"
    assert GUIDE[clause] in found[clause].detail
    assert "\n" not in found[clause].detail


def test_every_clause_has_a_module_that_breaks_it() -> None:
    assert set(BROKEN) == set(CHECKS)


def test_a_module_that_raises_is_told_in_one_line(plugin: Any) -> None:
    found = list(check(plugin(Raises)))
    assert all(f.status == "broken" and "\n" not in f.detail for f in found if f.clause == "shapes")
    assert "RuntimeError: two lines" in found[0].detail
