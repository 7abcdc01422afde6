"""A memory's read or write as an ONNX graph: state in, state out, nothing hidden.

    read:   (state, query)                -> readout, state
    write:  (state, key, value, mask, t)  -> state

Every tensor of the state is an input and an output of its own, in the order of its fields. Whole
numbers in it (as a count of frames) and t are int64 inputs, so that one graph serves every t.
Shapes are those of the state at hand: a bank exports at a fixed number of frames.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.export import Dim
from torch.utils import _pytree as pytree

from vosbench.memory import Frame, Memory

PARTS = ("read", "write")
NEEDED = ("onnx", "onnxscript", "onnxruntime")  # packages of the extra `onnx`


def missing() -> list[str]:
    """Needed packages that are not installed."""
    return [name for name in NEEDED if find_spec(name) is None]


class Step(nn.Module):
    """One part of a memory as a function of plain tensors and numbers.

    Args:
        memory: whose part it is.
        part: "read" or "write".
        state: gives the nesting of the state.
    """

    def __init__(self, memory: Memory, part: str, state: Any) -> None:
        super().__init__()
        self.memory, self.part = memory, part
        self.nesting = pytree.tree_structure(state)

    def forward(self, leaves: tuple[Any, ...], given: tuple[Any, ...]) -> tuple[Any, ...]:
        """Leaves of the state, then the query or (key, value, mask, t)."""
        state = pytree.tree_unflatten(list(leaves), self.nesting)
        if self.part == "read":
            return tuple(pytree.tree_leaves(self.memory.read(state, *given)))
        key, value, mask, t = given
        frame = Frame(key, value, mask, t, given=False)
        return tuple(pytree.tree_leaves(self.memory.write(state, frame)))


def arguments(part: str, state: Any, query: Tensor, frame: Frame) -> tuple[Any, Any]:
    """What a `Step` is called with."""
    given = (query,) if part == "read" else frame[:4]
    return tuple(pytree.tree_leaves(state)), tuple(given)


def export(memory: Memory, part: str, state: Any, query: Tensor, frame: Frame) -> bytes:
    """The graph of a part, for states of this state's shapes.

    Raises:
        Exception: whatever torch's exporter raises where it cannot.
    """
    called = arguments(part, state, query, frame)
    free = pytree.tree_map(lambda x: Dim.AUTO if type(x) is int else None, called)
    with _quiet():
        made = torch.onnx.export(
            Step(memory, part, state).eval(), called, dynamo=True, verbose=False,
            dynamic_shapes=free,
        )  # fmt: skip
    assert made is not None  # as without a file name
    graph: bytes = made.model_proto.SerializeToString()
    return graph


def run(graph: bytes, called: tuple[Any, Any]) -> list[np.ndarray]:
    """The outputs of a graph in onnxruntime."""
    session = importlib.import_module("onnxruntime").InferenceSession(
        graph, providers=["CPUExecutionProvider"]
    )
    names = [x.name for x in session.get_inputs()]
    feed = zip(names, map(as_array, pytree.tree_leaves(called)), strict=True)
    outputs: list[np.ndarray] = session.run(None, dict(feed))
    return outputs


def as_array(x: Any) -> np.ndarray:
    """A tensor or a number as NumPy has it."""
    return x.detach().numpy() if isinstance(x, Tensor) else np.asarray(x)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the exporter's own warnings and whole graphs, printed where it fails, to itself."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
