"""STM as its authors published it, said again: names, shapes and the network as plain functions.

Written from the paper and the public code, and of nothing in `vosbench`: the network below is calls
of torch.nn.functional on a state dict.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

State = dict[str, Tensor]
BLOCKS = {"res2": (3, 64, 64), "res3": (4, 128, 256), "res4": (6, 256, 512)}  # blocks, width, input
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def shapes() -> dict[str, tuple[int, ...]]:
    """Every name of the checkpoint with its shape, in no particular order."""
    names = dict(_encoder("Encoder_M") | _encoder("Encoder_Q"))
    for part in ("m", "o"):
        names[f"Encoder_M.conv1_{part}.weight"] = (64, 1, 7, 7)
    for kv in ("KV_M_r4", "KV_Q_r4"):
        names |= _conv(f"{kv}.Key", 128, 1024) | _conv(f"{kv}.Value", 512, 1024)
    names |= _conv("Decoder.convFM", 256, 1024) | _conv("Decoder.pred2", 2, 256)
    for stage, channels in (("RF3", 512), ("RF2", 256)):
        names |= _conv(f"Decoder.{stage}.convFS", 256, channels)
    for block in ("ResMM", "RF3.ResFS", "RF3.ResMM", "RF2.ResFS", "RF2.ResMM"):
        for n in (1, 2):
            names |= _conv(f"Decoder.{block}.conv{n}", 256, 256)
    return names


def _conv(name: str, outputs: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs, 3, 3), f"{name}.bias": (outputs,)}


def _encoder(name: str) -> dict[str, tuple[int, ...]]:
    names: dict[str, tuple[int, ...]] = {
        f"{name}.mean": (1, 3, 1, 1), f"{name}.std": (1, 3, 1, 1),
        f"{name}.conv1.weight": (64, 3, 7, 7), **_batchnorm(f"{name}.bn1", 64),
    }  # fmt: skip
    for stage, (blocks, width, inputs) in BLOCKS.items():
        for b in range(blocks):
            at, entering = f"{name}.{stage}.{b}", inputs if b == 0 else 4 * width
            sizes = ((width, entering, 1, 1), (width, width, 3, 3), (4 * width, width, 1, 1))
            for n, size in enumerate(sizes, 1):
                names[f"{at}.conv{n}.weight"] = size
                names |= _batchnorm(f"{at}.bn{n}", size[0])
            if b == 0:
                names[f"{at}.downsample.0.weight"] = (4 * width, entering, 1, 1)
                names |= _batchnorm(f"{at}.downsample.1", 4 * width)
    return names


def _batchnorm(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    parts = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{p}": (channels,) for p in parts} | {f"{name}.num_batches_tracked": ()}


def state(seed: int) -> State:
    """A state dict filled from a seed: batch norms far from the identity, logits of order 1."""
    source = torch.Generator().manual_seed(seed)
    return {name: _fill(name, shape, source) for name, shape in sorted(shapes().items())}


def _fill(name: str, shape: tuple[int, ...], source: torch.Generator) -> Tensor:
    def normal(scale: float, about: float = 0.0) -> Tensor:
        return torch.randn(shape, generator=source) * scale + about

    kind = name.rpartition(".")[2]
    if kind in ("mean", "std"):
        return torch.tensor(MEAN if kind == "mean" else STD).view(shape)
    if kind == "num_batches_tracked":
        return torch.tensor(1000)
    if kind == "running_var":
        return torch.rand(shape, generator=source) + 0.5
    if kind == "weight" and len(shape) == 1:
        return normal(0.1, 0.3 if ".bn3." in name else 0.9)
    if kind == "weight":
        gain = {"Key.weight": 0.1, "pred2.weight": 0.02}.get(".".join(name.split(".")[-2:]), 2)
        return normal(math.sqrt(gain / math.prod(shape[1:])))
    return normal(0.1)


def cheap(**changes: Tensor | None) -> State:
    """A state dict of constants that takes next to no space on disk; None leaves a tensor out."""
    constants = {n: torch.ones(()).expand(s) for n, s in shapes().items()}
    constants |= {n: _fill(n, s, torch.Generator()) for n, s in shapes().items()
                  if n.endswith(("mean", "std")) and "running" not in n}  # fmt: skip
    return {n: x for n, x in (constants | changes).items() if x is not None}


def convolve(w: State, name: str, x: Tensor, stride: int = 1) -> Tensor:
    weight = w[f"{name}.weight"]
    return F.conv2d(x, weight, w.get(f"{name}.bias"), stride, padding=weight.shape[-1] // 2)


def normed(w: State, name: str, x: Tensor) -> Tensor:
    mean, var, g, b = (w[f"{name}.{p}"] for p in ("running_mean", "running_var", "weight", "bias"))
    return F.batch_norm(x, mean, var, g, b, training=False, eps=1e-5)


def bottleneck(w: State, at: str, x: Tensor, stride: int) -> Tensor:
    y = F.relu(normed(w, f"{at}.bn1", convolve(w, f"{at}.conv1", x)))
    y = F.relu(normed(w, f"{at}.bn2", convolve(w, f"{at}.conv2", y, stride)))
    y = normed(w, f"{at}.bn3", convolve(w, f"{at}.conv3", y))
    if f"{at}.downsample.0.weight" in w:
        x = normed(w, f"{at}.downsample.1", convolve(w, f"{at}.downsample.0", x, stride))
    return F.relu(x + y)


def stages(w: State, encoder: str, x: Tensor) -> Iterator[Tensor]:
    """Features at strides 4, 8, 16 from what the first convolution gives."""
    x = F.max_pool2d(F.relu(normed(w, f"{encoder}.bn1", x)), 3, stride=2, padding=1)
    for stage, (blocks, _, _) in BLOCKS.items():
        for b in range(blocks):
            stride = 2 if b == 0 and stage != "res2" else 1
            x = bottleneck(w, f"{encoder}.{stage}.{b}", x, stride)
        yield x


def memorise(w: State, frame: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Frame (1, 3, H, W), masks (objects, H, W) -> key and value (objects, channels, h, w)."""
    f = (frame - w["Encoder_M.mean"]) / w["Encoder_M.std"]
    keys, values = [], []
    for o in range(len(masks)):
        rest = [masks[i] for i in range(len(masks)) if i != o]
        other = torch.stack(rest).sum(0).clamp(0, 1) if rest else torch.zeros_like(masks[o])
        x = convolve(w, "Encoder_M.conv1", f, 2)
        x = x + convolve(w, "Encoder_M.conv1_m", masks[o][None, None], 2)
        x = x + convolve(w, "Encoder_M.conv1_o", other[None, None], 2)
        *_, r4 = stages(w, "Encoder_M", x)
        keys.append(convolve(w, "KV_M_r4.Key", r4))
        values.append(convolve(w, "KV_M_r4.Value", r4))
    return torch.cat(keys), torch.cat(values)


def residual(w: State, at: str, x: Tensor) -> Tensor:
    return x + convolve(w, f"{at}.conv2", F.relu(convolve(w, f"{at}.conv1", F.relu(x))))


def refine(w: State, at: str, skip: Tensor, x: Tensor) -> Tensor:
    s = residual(w, f"{at}.ResFS", convolve(w, f"{at}.convFS", skip))
    up = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    return residual(w, f"{at}.ResMM", s + up)


def segment(w: State, frame: Tensor, memory: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Two-channel logits (objects, 2, H, W) from stored frames' keys and values."""
    f = (frame - w["Encoder_Q.mean"]) / w["Encoder_Q.std"]
    r2, r3, r4 = stages(w, "Encoder_Q", convolve(w, "Encoder_Q.conv1", f, 2))
    query, own = convolve(w, "KV_Q_r4.Key", r4), convolve(w, "KV_Q_r4.Value", r4)
    out = []
    for o in range(len(memory[0][0])):
        k = torch.cat([key[o].flatten(1) for key, _ in memory], 1)  # (128, stored)
        v = torch.cat([value[o].flatten(1) for _, value in memory], 1)
        p = F.softmax(k.T @ query[0].flatten(1) / math.sqrt(128), dim=0)
        read = (v @ p).view_as(own)
        m = convolve(w, "Decoder.convFM", torch.cat([read, own], 1))
        m = refine(w, "Decoder.RF3", r3, residual(w, "Decoder.ResMM", m))
        m = refine(w, "Decoder.RF2", r2, m)
        p2 = convolve(w, "Decoder.pred2", F.relu(m))
        out.append(F.interpolate(p2, scale_factor=4, mode="bilinear", align_corners=False))
    return torch.cat(out)


def aggregated(logits: Tensor) -> Tensor:
    """Soft aggregation: logits (1 + objects, H, W), background first."""
    p = F.softmax(logits, dim=1)[:, 1]
    both = torch.cat([torch.prod(1 - p, 0, keepdim=True), p]).clamp(1e-7, 1 - 1e-7)
    return torch.log(both / (1 - both))
