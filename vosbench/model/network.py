"""The network: two encoders, a memory and a decoder; presets give its shape."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor, nn

from vosbench import registry
from vosbench.errors import PluginError, UsageError, unknown
from vosbench.memory import Frame, Memory
from vosbench.model.backbone import normalise
from vosbench.model.decoder import Decoder
from vosbench.model.encoders import MemoryEncoder, Query, QueryEncoder, Start


@dataclass(frozen=True)
class Preset:
    """The shape of everything around the memory."""

    backbone: str  # a timm name
    key_dim: int  # channels of keys and queries
    value_dim: int  # channels of values and readouts
    decoder_dim: int  # channels inside the decoder
    mean: tuple[float, float, float]  # of RGB in 0..1, as the backbone was trained
    std: tuple[float, float, float]
    short_side: int  # frames are scaled to this by default: what the weights were trained at


PRESETS = {
    "paper": Preset("resnet50", 128, 512, 256, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 480),
    "mini": Preset("tf_efficientnet_lite0", 64, 128, 64, (127 / 255,) * 3, (128 / 255,) * 3, 240),
}


def preset(name: str) -> Preset:
    """The preset called `name`; an unknown one is a UsageError that lists the nearest."""
    if name not in PRESETS:
        raise unknown("preset", name, PRESETS)
    return PRESETS[name]


class Network(nn.Module):
    """One object at a time through encoder, memory and decoder; objects share no state.

    frame (frames, 3, H, W) RGB in 0..1, H and W multiples of 16; mask (objects, 1, H, W) in 0..1.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, shape: Preset, memory: Memory, *, start: Start = None) -> None:
        super().__init__()
        self.shape = shape
        dims = shape.key_dim, shape.value_dim
        self.query_encoder = QueryEncoder(shape.backbone, *dims, start=start)
        self.memory_encoder = MemoryEncoder(shape.backbone, *dims, start=start)
        self.memory = memory
        self.decoder = Decoder(shape.value_dim, self.query_encoder.skip_dims, shape.decoder_dim)
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
            return cls(shape, memory, start=start).eval()

    def encode(self, frame: Tensor) -> Query:
        """Everything that depends on the frame alone."""
        return self.query_encoder(normalise(frame, self.mean, self.std))  # type: ignore[no-any-return]

    def memorise(self, frame: Tensor, mask: Tensor, t: int, *, given: bool) -> Frame:
        """What a memory is offered of frame t with its objects' masks."""
        key, value = self.memory_encoder(normalise(frame, self.mean, self.std), mask)
        small = nn.functional.adaptive_avg_pool2d(mask, key.shape[-2:])
        return Frame(key.float(), value.float(), small, t, given)

    def write(self, state: Any, frame: Tensor, mask: Tensor, t: int, *, given: bool) -> Any:
        """The state after frame t with the objects' masks."""
        return self.store(state, self.memorise(frame, mask, t, given=given))

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
        return readout / self.memory.gain(query.key.shape[-2] * query.key.shape[-1]), state

    def decode(self, readout: Tensor, query: Query) -> Tensor:
        """Logits (objects, 1, H, W) of each object by itself."""
        return self.decoder(readout, query.value, self.decoder.skips(query.f4, query.f8))  # type: ignore[no-any-return]


def count_parameters(module: nn.Module) -> int:
    """Number of learned values."""
    return sum(p.numel() for p in module.parameters())
