"""The network: two encoders, a memory and a decoder; presets give its shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor, nn

from vosbench import registry
from vosbench.errors import PluginError, UsageError, unknown
from vosbench.memory import Frame, KeyScope, Memory
from vosbench.model.backbone import normalise
from vosbench.model.decoder import Decoder
from vosbench.model.encoders import MemoryEncoder, Query, QueryEncoder, Start
from vosbench.model.frames import aggregate, merge
from vosbench.model.original import decoder as original


@dataclass(frozen=True)
class Preset:
    """The shape of everything around the memory."""

    backbone: str  # a timm name
    key_dim: int  # channels of keys and queries
    value_dim: int  # channels of values and readouts
    decoder_dim: int  # channels inside the decoder
    mean: tuple[float, float, float]  # of RGB in 0..1, as the backbone was trained
    std: tuple[float, float, float]
    short_side: int  # frames are scaled to this by default: where the weights segment best
    others: bool = False  # the memory encoder also sees a mask of all other objects
    blank_padding: bool = False  # inferred masks are set to zero where a frame is padded
    decoder: Callable[[int, tuple[int, int], int], Decoder] = Decoder
    merge: Callable[[Tensor], Tensor] = merge  # objects' probabilities to shares of each pixel


_PAPER = Preset("resnet50", 128, 512, 256, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 480)
PRESETS = {
    "paper": _PAPER,
    "mini": Preset("tf_efficientnet_lite0", 64, 128, 64, (127 / 255,) * 3, (128 / 255,) * 3, 240),
    "stm_original": replace(
        _PAPER, others=True, blank_padding=True, decoder=original.decoder, merge=aggregate
    ),
}


def preset(name: str) -> Preset:
    """The preset called `name`; an unknown one is a UsageError that lists the nearest."""
    if name not in PRESETS:
        raise unknown("preset", name, PRESETS)
    return PRESETS[name]


def usual(method: str, preset_name: str) -> dict[str, Any]:
    """Every parameter of a method with its default, and the preset's widths."""
    shape = preset(preset_name)
    dims = {"key_dim": shape.key_dim, "value_dim": shape.value_dim}
    return {**registry.parameters(method), **dims}


def changed(method: str, preset_name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that are not the method's own, or the preset's widths, in any case.

    >>> changed("gc_ema", "mini", {"rate": 0.1, "key_dim": 128})
    {'key_dim': 128}
    """
    own = usual(method, preset_name)
    return {k: v for k, v in parameters.items() if k not in own or v != own[k]}


class Network(nn.Module):
    """One object at a time through encoder, memory and decoder; objects share no state.

    Both encoders' keys start from one draw, so that q^T k is a likeness of places from the first
    step and not noise.

    A memory may want keys and values of other widths than the preset's: the encoders give what it
    asks for, and a 1x1 convolution brings its readout to the decoder's width.

    frame (frames, 3, H, W) RGB in 0..1, H and W multiples of 16; mask (objects, 1, H, W) in 0..1.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, shape: Preset, memory: Memory, *, start: Start = None) -> None:
        super().__init__()
        self.shape = shape
        name, dims = shape.backbone, (memory.key_dim, memory.value_dim)
        self.query_encoder = QueryEncoder(name, memory.key_dim, shape.value_dim, start=start)
        self.memory_encoder = MemoryEncoder(
            name, *dims, planes=1 + shape.others, start=start,
            own_key=memory.key_scope is KeyScope.PER_OBJECT,
        )  # fmt: skip
        if self.memory_encoder.key is not None:
            self.memory_encoder.key.load_state_dict(self.query_encoder.key.state_dict())
        self.memory = memory
        self.decoder = shape.decoder(
            shape.value_dim, self.query_encoder.skip_dims, shape.decoder_dim
        )
        self.adapter = (
            nn.Identity()
            if memory.value_dim == shape.value_dim
            else nn.Conv2d(memory.value_dim, shape.value_dim, 1)
        )
        self.register_buffer("mean", torch.tensor(shape.mean), persistent=False)
        self.register_buffer("std", torch.tensor(shape.std), persistent=False)

    @classmethod
    def build(
        cls,
        method: str,
        preset_name: str = "mini",
        *,
        seed: int = 0,
        start: Start = None,
        **parameters: Any,
    ) -> Self:
        """A network with random weights from `seed`, its memory built with `parameters`.

        `key_dim` among the parameters overrides the preset's (Table 2 of the GC paper sweeps it).
        """
        shape = preset(preset_name)
        dims: dict[str, Any] = {
            k: parameters.pop(k) for k in ("key_dim", "value_dim") if k in parameters
        }
        if any(not isinstance(d, int) or d < 1 for d in dims.values()):
            raise UsageError(f"channels are {dims}; expected positive whole numbers")
        shape = replace(shape, **dims)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            memory = registry.build(method, shape.key_dim, shape.value_dim, **parameters)
            torch.manual_seed(seed)  # again: a memory's own weights change none around it
            return cls(shape, memory, start=start).eval()

    def key_weights(self) -> list[nn.Parameter]:
        """The weights that make keys and queries: of one encoder, or of both."""
        heads = self.query_encoder.key, self.memory_encoder.key
        return [p for head in heads if head is not None for p in head.parameters()]

    def encode(self, frame: Tensor) -> Query:
        """Everything that depends on the frame alone."""
        return self.query_encoder(normalise(frame, self.mean, self.std))  # type: ignore[no-any-return]

    def memorise(
        self, frame: Tensor, mask: Tensor, t: int, *, given: bool,
        query: Query | None = None, others: Tensor | None = None,
    ) -> Frame:  # fmt: skip
        """What a memory is offered of frame t with its objects' masks.

        Args:
            frame: of the video.
            mask: of each object.
            t: index of the frame.
            given: whether the masks came from the user.
            query: the frame as already encoded; without it, a memory with shared keys has the frame
                encoded here.
            others: (objects, 1, H, W), what belongs to any other object, for presets that look at
                it (`Preset.others`); None where each object is alone.
        """
        planes = mask
        if self.shape.others:
            planes = torch.cat([mask, torch.zeros_like(mask) if others is None else others], dim=1)
        key, value = self.memory_encoder(normalise(frame, self.mean, self.std), planes)
        if key is None:
            key = (query or self.encode(frame)).key
        small = nn.functional.adaptive_avg_pool2d(mask, value.shape[-2:])
        return Frame(key.float(), value.float(), small, t, given)

    def write(
        self, state: Any, frame: Tensor, mask: Tensor, t: int, *, given: bool,
        query: Query | None = None,
    ) -> Any:  # fmt: skip
        """The state after frame t with the objects' masks; `query` as in `memorise`."""
        return self.store(state, self.memorise(frame, mask, t, given=given, query=query))

    def store(self, state: Any, item: Frame) -> Any:
        """The state after an item. Always float32: a mean over many frames needs its bits."""
        with torch.autocast(item.key.device.type, enabled=False):
            return self.memory.write(state, item)

    def read(self, state: Any, query: Query) -> tuple[Tensor, Any]:
        """The readout, freed from the resolution (`Memory.gain`), and the state after it."""
        with torch.autocast(query.key.device.type, enabled=False):
            readout, state = self.memory.read(state, query.key.float())
        wanted = (readout.shape[0], self.memory.value_dim, *query.key.shape[-2:])
        if tuple(readout.shape) != wanted:
            raise PluginError(f"read returned {tuple(readout.shape)}; expected {wanted}")
        gain = self.memory.gain(query.key.shape[-2] * query.key.shape[-1])
        return readout if gain == 1 else readout / gain, state

    def decode(
        self, readout: Tensor, query: Query, skips: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        """Logits (objects, 1, H, W) of each object by itself; `skips` if they are there already."""
        skips = skips or self.decoder.skips(query.f4, query.f8)
        logits: Tensor = self.decoder(self.adapter(readout), query.value, skips)
        return logits


def count_parameters(module: nn.Module) -> int:
    """Number of learned values."""
    return sum(p.numel() for p in module.parameters())
