"""Names of STM's public checkpoint, and its layers as those of the preset `stm_original`.

The public network keeps its batch norms, has a convolution each for frame, mask and other objects
where ours has one of five channels, and predicts two channels where ours predicts their difference.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import torch
from torch import Size, Tensor
from torch.nn.utils.fusion import fuse_conv_bn_weights

Take = Callable[[str, Size], Tensor]  # name and shape wanted -> the tensor

MEMORY_TRUNK, QUERY_TRUNK = "memory_encoder.trunk.model.", "query_encoder.trunk.model."
PUBLIC = {  # prefix of ours -> prefix in the checkpoint
    MEMORY_TRUNK: "Encoder_M.",
    QUERY_TRUNK: "Encoder_Q.",
    "memory_encoder.key": "KV_M_r4.Key",
    "memory_encoder.value": "KV_M_r4.Value",
    "query_encoder.key": "KV_Q_r4.Key",
    "query_encoder.value": "KV_Q_r4.Value",
    "decoder.compress.0": "Decoder.convFM",
    "decoder.compress.1": "Decoder.ResMM",
    "decoder.refine8.skip.0": "Decoder.RF3.convFS",
    "decoder.refine8.skip.1": "Decoder.RF3.ResFS",
    "decoder.refine8.fuse": "Decoder.RF3.ResMM",
    "decoder.refine4.skip.0": "Decoder.RF2.convFS",
    "decoder.refine4.skip.1": "Decoder.RF2.ResFS",
    "decoder.refine4.fuse": "Decoder.RF2.ResMM",
    "decoder.head.1": "Decoder.pred2",
}
STAGES = {"layer1": "res2", "layer2": "res3", "layer3": "res4"}  # of the trunks
BATCHNORM = ("weight", "bias", "running_mean", "running_var")
EPS = 1e-5  # of the batch norms
ENCODERS = ("Encoder_M", "Encoder_Q")


def public_name(layer: str) -> str:
    """The checkpoint's name of one of our layers.

    >>> public_name("query_encoder.trunk.model.layer1.0.conv2")
    'Encoder_Q.res2.0.conv2'
    """
    ours = next(prefix for prefix in PUBLIC if layer.startswith(prefix))
    first, dot, rest = layer.removeprefix(ours).partition(".")
    return PUBLIC[ours] + STAGES.get(first, first) + dot + rest


def batchnorm_name(conv: str) -> str:
    """The batch norm after a convolution of a trunk.

    >>> batchnorm_name("Encoder_Q.res2.0.downsample.0"), batchnorm_name("Encoder_Q.conv1")
    ('Encoder_Q.res2.0.downsample.1', 'Encoder_Q.bn1')
    """
    return re.sub(r"conv(\d)$", r"bn\1", re.sub(r"downsample\.0$", "downsample.1", conv))


def layer(name: str, shape: Size, take: Take) -> tuple[Tensor, Tensor]:
    """Weight and bias of one of our convolutions, from the checkpoint's tensors.

    Args:
        name: of the layer in our network.
        shape: of its weight (outputs, inputs, height, width).
        take: gives a tensor of the checkpoint.
    """
    public = public_name(name)
    if name.startswith((MEMORY_TRUNK, QUERY_TRUNK)):
        return _folded(public, shape, take)
    if public == "Decoder.pred2":  # o - b, see `vosbench.model.original.decoder.head`
        both = take(f"{public}.weight", Size([2, *shape[1:]])), take(f"{public}.bias", Size([2]))
        weight, bias = (x[1:] - x[:1] for x in both)
        return weight, bias
    return take(f"{public}.weight", shape), take(f"{public}.bias", shape[:1])


def _folded(public: str, shape: Size, take: Take) -> tuple[Tensor, Tensor]:
    """A convolution with the batch norm after it: w g / s and b - m g / s, s = sqrt(v + eps)."""
    if public == "Encoder_M.conv1":
        each = {public: 3, f"{public}_m": 1, f"{public}_o": 1}  # frame, mask, other objects
        parts = [
            take(f"{n}.weight", Size([shape[0], channels, *shape[2:]]))
            for n, channels in each.items()
        ]
        weight = torch.cat(parts, dim=1)
    else:
        weight = take(f"{public}.weight", shape)
    g, b, mean, var = (take(f"{batchnorm_name(public)}.{x}", shape[:1]) for x in BATCHNORM)
    return fuse_conv_bn_weights(weight, None, mean, var, EPS, g, b)
