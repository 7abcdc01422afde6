"""The decoder of STM as published: the parts in which it differs from the common one.

Source: Oh, Lee, Xu, Kim, "Video Object Segmentation using Space-Time Memory Networks", ICCV 2019,
arXiv:1904.00607, section 3.3 and figure 3, and the authors' public code.
"""

from __future__ import annotations

from functools import partial

from torch import nn

from vosbench.model.decoder import Decoder, ResBlock, conv3


def skip(inputs: int, outputs: int) -> nn.Module:
    """Skip features: a convolution to the decoder's width, then a residual block."""
    return nn.Sequential(conv3(inputs, outputs), ResBlock(outputs, outputs))


def head(dim: int) -> nn.Module:
    """The logit in one convolution.

    The authors predict two channels, background and object, and take their softmax. That is the
    sigmoid of the difference, softmax(b, o)_o = sigmoid(o - b), which one channel gives by itself.
    """
    return nn.Sequential(nn.ReLU(), conv3(dim, 1))


decoder = partial(Decoder, skip=skip, head=head)
