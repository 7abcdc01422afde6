"""A module with one fault is blamed for that one, and for no clause that breaks because of it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.harness.test_contract import Honest, KeepsOnSelf, Last, SharesStorage, plugin
from tests.harness.test_contract_onnx import needs_onnx
from vosbench.harness.contract import CHECKS, check
from vosbench.memory import Frame, Memory

__all__ = ["plugin"]  # a fixture


class ChangesOldState(Honest):
    def write(self, state: Any, frame: Frame) -> Any:
        return Last(frame.value if state is None else state.value.mul_(0.5).add_(frame.value))


class ChangesStateInRead(Honest):
    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        return state.value.mul_(0.9).clone(), state


class ChangesFrame(Honest):
    def write(self, state: Any, frame: Frame) -> Any:
        return Last(frame.value.mul_(frame.key.mean(1, keepdim=True)))


class ChangesQuery(Honest):
    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        return state.value * query.mul_(2).mean(1, keepdim=True), state


class ChangesFrameAndAppends(SharesStorage):
    def write(self, state: Any, frame: Frame) -> Any:
        frame.value.mul_(2)
        return super().write(state, frame)


JUDGED = tuple(c for c in CHECKS if c not in ("growth", "cost", "onnx"))  # seconds each


@pytest.mark.parametrize(
    ("kind", "broken", "skipped"),
    [
        (ChangesOldState, {"purity"}, {"branching"}),
        (ChangesStateInRead, {"purity"}, {"branching"}),
        (ChangesFrame, {"purity"}, set()),
        (ChangesQuery, {"purity"}, set()),
        (ChangesFrameAndAppends, {"purity", "branching"}, set()),
        (KeepsOnSelf, {"reset"}, set()),
    ],
)
def test_what_changes_or_keeps_breaks_its_own_clause_and_no_other(
    plugin: Any, kind: type[Memory], broken: set[str], skipped: set[str]
) -> None:
    found = {f.clause: f for f in check(plugin(kind), clauses=JUDGED)}
    assert {c for c, f in found.items() if f.status == "broken"} == broken
    assert {c for c, f in found.items() if f.status == "skipped"} == skipped
    assert {found[c].detail for c in skipped} <= {"purity has to hold first"}


class Grows(Honest):
    """Declares a constant state, and keeps every frame."""

    def write(self, state: Any, frame: Frame) -> Any:
        new = super().write(None, frame).value.unsqueeze(2)
        return Last(new if state is None else torch.cat([state.value, new], 2))

    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        return state.value.mean(2), state


class GrowsAndDecides(Grows):
    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        return state.value.mean(2) * (1 if float(state.value.sum()) > 0 else 2), state


@needs_onnx
def test_where_growth_is_not_as_declared_only_what_has_no_graph_at_all_breaks_onnx(
    plugin: Any,
) -> None:
    growth, onnx = check(plugin(Grows), clauses=["growth", "onnx"])
    assert growth.status == "broken"
    assert (onnx.status, onnx.detail) == ("skipped", "growth has to hold first")
    (onnx,) = check(plugin(GrowsAndDecides), clauses=["onnx"])
    assert onnx.status == "broken"


@needs_onnx
def test_what_is_kept_on_self_is_not_told_as_a_graph_that_is_wrong(plugin: Any) -> None:
    (found,) = check(plugin(KeepsOnSelf), clauses=["onnx"])
    assert found.status == "holds"
