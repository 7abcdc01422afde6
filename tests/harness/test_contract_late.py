"""The contract over a life: what goes wrong after some frames, in a child, or in the form."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from tests.harness.test_contract import Honest, Last
from vosbench import registry
from vosbench.errors import UsageError
from vosbench.harness.contract import CHECKS, check, check_apart
from vosbench.memory import Cost, Frame, Memory

LATE = 8  # frames after which something goes wrong


class InPlace(Honest):
    def write(self, state: Any, frame: Frame) -> Any:
        new = super().write(state, frame)
        return Last(state.value.copy_(new.value)) if frame.t >= LATE else new


class Random(Honest):
    def write(self, state: Any, frame: Frame) -> Any:
        new = super().write(state, frame).value
        return Last(new * torch.rand(()) if frame.t >= LATE else new)


class Leak(Honest):
    def __init__(self, key_dim: int, value_dim: int) -> None:
        super().__init__(key_dim, value_dim)
        self.seen: list[int] = []

    def write(self, state: Any, frame: Frame) -> Any:
        if frame.t == LATE:
            self.seen.append(frame.t)
        return super().write(state, frame)


class Understates(Honest):
    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        said = super().cost(t, pixels, objects)
        return said if t < LATE else said._replace(state_bytes=0)


class Longer(NamedTuple):
    value: Tensor
    more: tuple[Tensor, ...]


class HoardsInRead(Honest):
    def write(self, state: Any, frame: Frame) -> Any:
        more = () if state is None else state.more
        return Longer(super().write(state, frame).value, more)

    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        readout, _ = super().read(state, query)
        return readout, Longer(state.value, (*state.more, query.clone()))


class Diverges(Honest):
    def write(self, state: Any, frame: Frame) -> Any:
        new = super().write(state, frame).value
        return Last(new / (frame.t < 400))


class Elementwise(Honest):
    """A matrix product that no counter counts, and that its cost does not state."""

    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        pairs = state.value.unsqueeze(1) * query.unsqueeze(2)  # (objects, key_dim, value_dim, h, w)
        return pairs.sum(1), state


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Registers a class as "plugin" for one test."""

    def add(kind: type[Memory]) -> str:
        registry.methods()
        monkeypatch.setitem(registry._modules, "plugin", kind)
        return "plugin"

    return add


@pytest.mark.parametrize(
    ("clause", "kind", "got"),
    [
        ("purity", InPlace, "a changed state at t = 8"),
        ("determinism", Random, "apart"),
        ("reset", Leak, "a changed one"),
        ("cost", Understates, "at t = 30, objects = 2; got 0"),
        ("growth", HoardsInRead, "960 B at t = 1, 192576 B at t = 500"),
        ("growth", Diverges, "inf or nan at t = 400"),
        (
            "cost",
            Elementwise,
            "cost() to state read_macs 24576, as counted at t = 1, objects = 1; got 0",
        ),
    ],
)
def test_what_goes_wrong_after_some_frames_breaks_its_own_clause(
    plugin: Any, clause: str, kind: type[Memory], got: str
) -> None:
    (found,) = check(plugin(kind), clauses=[clause])
    assert found.status == "broken"
    assert got in found.detail


class OnlyReadout(Honest):
    def read(self, state: Any, query: Tensor) -> Any:
        return state.value


class Rounds(Honest):
    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        return state.value.float(), state


class InADict(Honest):
    def write(self, state: Any, frame: Frame) -> Any:
        return {"value": super().write(state, frame).value}

    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        return state["value"], state


@pytest.mark.parametrize(
    ("kind", "got"),
    [
        (OnlyReadout, "expected read to return (readout, state); got a Tensor"),
        (Rounds, "expected a readout in torch.float64, as values are; got torch.float32"),
        (InADict, "expected a state that is a NamedTuple of tensors and numbers; got dict"),
    ],
)
def test_a_module_of_another_form_is_told_so_once_and_nothing_else_is_judged(
    plugin: Any, kind: type[Memory], got: str
) -> None:
    first, *rest = check(plugin(kind))
    assert first.status == "broken"
    assert first.detail.startswith(got)
    assert {f.status for f in rest} == {"skipped"}
    assert [first.clause, *(f.clause for f in rest)] == list(CHECKS)


def test_a_module_that_states_no_cost_is_told_what_is_expected(plugin: Any) -> None:
    class Silent(Honest):
        cost = Memory.cost

    (found,) = check(plugin(Silent), clauses=["cost"])
    assert "expected cost(t, pixels, objects) to return a Cost; got no such method" in found.detail


PLUGIN = """
import os, time
from methods.none import NoMemory
from vosbench.registry import register

@register("deadly")
class Deadly(NoMemory):
    def __init__(self, key_dim, value_dim, how="exit"):
        super().__init__(key_dim, value_dim)
        self.how = how

    def gain(self, pixels):
        if pixels != 576:  # the clause facts asks for it
            return 1.0
        if self.how == "exit":
            os._exit(3)
        time.sleep(3600)
"""
"""A plugin for child processes: found by the entry point of a package that lies in a folder."""


@pytest.fixture
def deadly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "deadly_plugin.py").write_text(PLUGIN, encoding="utf-8")
    facts = tmp_path / "deadly_plugin-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: deadly-plugin\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[vosbench.methods]\ndeadly = deadly_plugin\n")
    monkeypatch.syspath_prepend(tmp_path)  # a child gets this process's path
    return "deadly"


@pytest.mark.programs
@pytest.mark.parametrize(
    ("how", "limit", "told"),
    [("exit", 120.0, "its process ended (exit status 3)"), ("hang", 20.0, "no answer within 20 s")],
)
def test_a_module_that_dies_or_hangs_costs_the_clauses_at_which_it_does(
    deadly: str, how: str, limit: float, told: str
) -> None:
    found = {f.clause: f for f in check_apart(deadly, {"how": how}, limit)}
    assert list(found) == list(CHECKS)
    assert found["facts"].detail == f"expected it to return; got {told}"
    assert found["shapes"].status == found["purity"].status == "holds"


def test_a_mistake_of_the_user_comes_back_from_the_child_as_one() -> None:
    with pytest.raises(UsageError, match="nosuch"):
        next(check_apart("nosuch", {}, 60))
