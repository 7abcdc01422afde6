"""The clause about ONNX: what it finds, and which of the built-in methods export."""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from tests.harness.test_contract import Honest, plugin
from vosbench import registry
from vosbench.harness.contract import check, exported, onnx_graph
from vosbench.harness.contract.run import Finding
from vosbench.memory import Frame, Memory

__all__ = ["plugin"]  # a fixture
needs_onnx = pytest.mark.skipif(
    bool(onnx_graph.missing()) and "CI" not in os.environ, reason="onnx is not installed"
)


def found(method: str) -> Finding:
    (finding,) = check(method, clauses=["onnx"])
    return finding


class ReadsAlone(Honest):
    """Says that its write has no graph, which is not true."""

    no_onnx = MappingProxyType({"write": "a whim"})


class Misspelt(Honest):
    no_onnx = MappingProxyType({"reads": "a typing error"})


class Branches(Honest):
    """Says truly that its write has none."""

    no_onnx = MappingProxyType({"write": "which way it goes depends on the mask"})

    def write(self, state: Any, frame: Frame) -> Any:
        return super().write(state, frame) if float(frame.mask.sum()) > 0 else state


class Weighted(NamedTuple):
    value: Tensor
    weight: float


class Freezes(Honest):
    """Its graph keeps the weight of the state that it was made from."""

    def write(self, state: Any, frame: Frame) -> Any:
        weight = 1.0 if state is None else state.weight / 2
        return Weighted(super().write(state, frame).value, weight)

    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        return state.value * state.weight, state


class Counted(NamedTuple):
    value: Tensor
    frames: int


class Counts(Freezes):
    """A whole number is an input of the graph, so that one graph serves every t."""

    def write(self, state: Any, frame: Frame) -> Any:
        frames = 1 if state is None else state.frames + 1
        return Counted(super(Freezes, self).write(None, frame).value / frames, frames)

    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        return state.value / state.frames, state


@needs_onnx
def test_a_graph_that_freezes_a_number_of_the_state_is_told_apart_on_a_later_state(
    plugin: Any,
) -> None:
    told = found(plugin(Freezes))
    assert told.status == "broken"
    assert "the same read in onnxruntime" in told.detail


@needs_onnx
def test_whole_numbers_of_the_state_are_inputs_of_the_graph(plugin: Any) -> None:
    assert found(plugin(Counts)).status == "holds"


@needs_onnx
def test_what_does_not_export_is_exempt_with_its_reason_where_it_says_so(plugin: Any) -> None:
    told = found(plugin(Branches))
    assert told.status == "exempt"
    assert told.detail == "its write does not export: which way it goes depends on the mask"


@needs_onnx
@pytest.mark.parametrize(
    ("kind", "words"), [(ReadsAlone, "got one that does"), (Misspelt, "read or write")]
)
def test_a_false_excuse_breaks_the_clause(plugin: Any, kind: type[Memory], words: str) -> None:
    told = found(plugin(kind))
    assert told.status == "broken"
    assert words in told.detail


def test_without_the_packages_the_clause_is_skipped_by_name(monkeypatch: Any) -> None:
    monkeypatch.setattr(exported, "missing", lambda: ["onnxruntime"])
    told = found("gc")
    assert told.status == "skipped"
    assert told.detail == "onnxruntime not installed: pip install -e '.[onnx]'"


@needs_onnx
def test_a_graph_names_every_tensor_of_the_state_as_an_input_and_an_output() -> None:
    import onnx

    memory = registry.build("gc", 4, 6)
    frame = Frame(torch.ones(2, 4, 3, 5), torch.ones(2, 6, 3, 5), torch.ones(2, 1, 3, 5), 1, False)
    query, state = torch.ones(1, 4, 3, 5), memory.write(None, frame)
    graph = onnx.load_from_string(onnx_graph.export(memory, "read", state, query, frame)).graph

    def shapes(values: Any) -> list[list[int]]:
        return [[d.dim_value for d in v.type.tensor_type.shape.dim] for v in values]

    assert shapes(graph.input) == [[2, 4, 6], [], [1, 4, 3, 5]]  # G, t and the query
    assert shapes(graph.output) == [[2, 6, 3, 5], [2, 4, 6], []]  # R, G and t


def test_the_guide_names_every_built_in_part_that_does_not_export() -> None:
    text = (Path(__file__).resolve().parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    start = "Every built-in memory exports its read and its write, but not "
    (listed,) = re.findall(f"{start}(.+?)\\.", " ".join(text.split()))
    said = {
        (method, part)
        for part, names in re.findall(r"the (read|write) of ([^;]+)", listed)
        for method in re.findall(r"`(\w+)`", names)
    }
    ours = {m: k for m, k in registry.methods().items() if k.__module__.startswith("methods.")}
    assert said == {(m, part) for m, kind in ours.items() for part in kind.no_onnx}
