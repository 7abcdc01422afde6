"""The memory interface: state in, state out.

A memory module never hides state on ``self``. Its state is a NamedTuple of tensors and numbers, so
its bytes, its growth and its replay are visible from outside, and a temporary write needs no
support from the module: the host writes into a copy of the state and forgets it.

Shapes, used everywhere: objects = objects segmented together (in training: clips x objects),
key_dim, value_dim = channels, h, w = the frame's sides at stride 16, pixels = h * w.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from numbers import Number
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from torch import Tensor, nn

from vosbench.errors import PluginError
from vosbench.memory.policy import WritePolicy


class Growth(StrEnum):
    """How state bytes grow with the number of frames written."""

    CONSTANT = "constant"
    BOUNDED = "bounded"
    LINEAR = "linear"


class KeyScope(StrEnum):
    """Whether a memory key belongs to one object (STM) or to the frame (STCN)."""

    PER_OBJECT = "per object"
    SHARED = "shared"


class Frame(NamedTuple):
    """What the host offers a memory to remember of one frame."""

    key: Tensor  # (objects or 1, key_dim, h, w)
    value: Tensor  # (objects, value_dim, h, w)
    mask: Tensor  # (objects, 1, h, w), soft, in 0..1
    t: int  # index of the frame in its video
    given: bool  # True where the mask came from the user, not from the network


class Cost(NamedTuple):
    """Analytic cost at one t; tests hold it against what is counted. 1 MAC = 2 FLOPs."""

    read_macs: int  # multiply-adds of one read
    write_macs: int  # multiply-adds of one write
    state_bytes: int  # bytes that live between frames, float32
    temporary_bytes: int  # peak bytes one read needs for a moment, its readout left out


class Memory(nn.Module):
    """Base of every memory module. Subclasses say what they are and do two things: write and read.

    Args:
        key_dim: channels of keys and queries.
        value_dim: channels of values and readouts.

    Further keyword arguments of a subclass are its parameters: ablations sweep them by name.
    """

    growth: ClassVar[Growth]
    key_scope: ClassVar[KeyScope] = KeyScope.PER_OBJECT
    paper: ClassVar[str]  # "Authors, title, venue, arXiv number"
    policy: ClassVar[WritePolicy] = WritePolicy()
    capacity: ClassVar[str] = ""  # name of the parameter that alone bounds the state, if one does
    no_onnx: ClassVar[Mapping[str, str]] = MappingProxyType({})  # "read" or "write" -> why not

    def __init__(self, key_dim: int, value_dim: int) -> None:
        super().__init__()
        self.key_dim = key_dim
        self.value_dim = value_dim

    def write(self, state: Any | None, frame: Frame) -> Any:
        """The state after `frame`; `state` is None before the first and is never changed."""
        raise NotImplementedError

    def read(self, state: Any, query: Tensor) -> tuple[Tensor, Any]:
        """The readout (objects, value_dim, h, w) of a query (objects or 1, key_dim, h, w).

        Most modules return the state untouched; one that counts usage returns a new one.
        """
        raise NotImplementedError

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """Analytic cost of the t-th write, and of a read with t frames written."""
        raise NotImplementedError

    def gain(self, pixels: int) -> float:
        """What the readout grows with: the host divides by it.

        A sum over locations grows with the resolution, a weighted mean does not. Dividing makes
        one set of weights serve every frame size; at one size it is a constant, which the layers
        around the memory absorb.
        """
        return 1.0


def tensors(state: Any) -> Iterator[Tensor]:
    """Every tensor in a state: tensors, numbers and None, in tuples, lists and dicts to any depth.

    Raises:
        PluginError: the state holds anything else, whose bytes nobody could count.
    """
    if isinstance(state, Tensor):
        yield state
    elif isinstance(state, (tuple, list)):
        for part in state:
            yield from tensors(part)
    elif isinstance(state, dict):
        yield from tensors(tuple(state.values()))
    elif state is not None and not isinstance(state, Number):
        raise PluginError(
            f"its state holds a {type(state).__name__}, whose bytes cannot be counted: expected "
            f"tensors and numbers; make the {type(state).__name__} a NamedTuple of them"
        )


def state_bytes(*states: Any) -> int:
    """Bytes that states keep alive: distinct storages, each counted once and whole.

    Raises:
        PluginError: as `tensors`.

    >>> import torch
    >>> bank = torch.zeros(10, 4)
    >>> state_bytes((bank, bank[:2]), bank.T)
    160
    """
    storages = {s.data_ptr(): s.nbytes() for s in (x.untyped_storage() for x in tensors(states))}
    return sum(storages.values())
