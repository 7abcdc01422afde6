"""Backbones from timm, with their frozen batch norms folded into the convolutions."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import timm
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from vosbench.errors import UsageError

STRIDES = (4, 8, 16)


def backbone(
    name: str, *, channels: int = 3, start: Mapping[str, Tensor] | None = None
) -> nn.Module:
    """The timm backbone `name` as a map from a frame to features at strides 4, 8 and 16.

    Every network of the field freezes its batch norms: frozen, they are constants, so they are
    folded into the convolutions before them. Nothing is left that could drift, and a step costs
    less. Layers past stride 16 are left out. Channels beyond RGB (the mask) start at RGB's scale:
    from zero, a training at a backbone's small steps never makes a mask that can be seen.

    Args:
        name: a timm model with `features_only` support.
        channels: input channels; the first three are RGB, scaled as the backbone expects.
        start: weights to start from, named as in `timm.create_model(name).state_dict()`.

    Raises:
        UsageError: timm does not know the name, its features lack a stride, or `start` lacks a
            weight.
    """
    if not timm.is_model(name):
        raise UsageError(f"unknown backbone {name!r}: {_nearest(name)}")
    net = _features(name)
    if start is not None:
        missing = net.model.load_state_dict(start, strict=False).missing_keys
        if missing:
            raise UsageError(
                f"weights for backbone {name!r} lack {len(missing)}, first {missing[0]}"
            )
    net.eval()
    fold_batchnorms(net)
    if channels > 3:
        widen(net, channels)
    module: nn.Module = net
    return module


def _features(name: str) -> Any:
    options: dict[str, Any] = {"features_only": True, "feature_cls": "getter"}
    try:
        whole: Any = timm.create_model(name, **options)
        reduction = whole.feature_info.reduction()
        kept = tuple(i for i, stride in enumerate(reduction) if stride in STRIDES)
    except (RuntimeError, AttributeError, AssertionError) as error:
        raise UsageError(f"backbone {name!r} gives no feature maps: {error}") from error
    if tuple(reduction[i] for i in kept) != STRIDES:
        raise UsageError(f"backbone {name!r} has features at strides {reduction}; 4, 8, 16 needed")
    return timm.create_model(name, out_indices=kept, **options)


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, timm.list_models(), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else "expected a name that timm knows"


def dims(net: nn.Module) -> tuple[int, int, int]:
    """Channels of the features at strides 4, 8 and 16."""
    c4, c8, c16 = net.feature_info.channels()  # type: ignore[operator, union-attr]
    return c4, c8, c16


@torch.no_grad()
def fold_batchnorms(net: nn.Module) -> None:
    """Replaces every (convolution, frozen batch norm) pair by one convolution with a bias.

    Raises:
        UsageError: a batch norm has other channels than the convolution before it, as where norms
            come first in a block: their numbers would be folded into the wrong layer.
    """
    conv: tuple[str, nn.Conv2d] | None = None
    for name, module in list(net.named_modules()):
        if isinstance(module, nn.Conv2d):
            conv = (name, module)
        elif isinstance(module, nn.BatchNorm2d) and conv is not None:
            if conv[1].out_channels != module.num_features:
                raise UsageError(
                    f"backbone layer {name} normalises {module.num_features} channels, {conv[0]} "
                    f"before it has {conv[1].out_channels}: expected a backbone whose norms follow "
                    "their convolutions"
                )
            _replace(net, conv[0], fuse_conv_bn_eval(conv[1], module))
            _replace(net, name, getattr(module, "act", nn.Identity()))  # timm fuses norm and act
            conv = None


@torch.no_grad()
def widen(net: nn.Module, channels: int) -> None:
    """Gives the first convolution `channels` inputs; the new ones are normal, of the old's scale.

    Folded batch norms leave each filter a scale of its own, so each has its own here too. They are
    drawn apart from the network's other weights, which are the same with and without a mask.
    """
    old = next(m for m in net.modules() if isinstance(m, nn.Conv2d))
    source = torch.Generator().manual_seed(torch.initial_seed())
    shape = old.out_channels, channels - old.in_channels, *old.kernel_size
    scale = old.weight.std(dim=(1, 2, 3), keepdim=True)
    extra = torch.randn(shape, generator=source) * scale
    old.weight = nn.Parameter(torch.cat([old.weight, extra], dim=1))
    old.in_channels = channels


def normalise(frame: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """RGB in 0..1 to what the backbone was trained on. frame (n, 3, H, W), mean and std (3,)."""
    return (frame - mean[:, None, None]) / std[:, None, None]


def _replace(root: nn.Module, name: str, new: nn.Module) -> None:
    parent, _, leaf = name.rpartition(".")
    setattr(root.get_submodule(parent), leaf, new)
