"""Softmax attention one frame at a time: the affinity of the whole bank never exists at once.

    L_f = log sum_i exp(S_i)           i over the locations of frame f
    R_f = sum_i exp(S_i - L_f) V_i     the frame's own readout
    a_f = exp(L_f - log sum_f exp(L_f))     the frame's share of the attention;   R = sum_f a_f R_f

Two readouts join as R = (1 - w) R_a + w R_b with w = sigmoid(L_b - L_a), and the order of frames
does not matter.

Source: Milakov, Gimelshein, "Online normalizer calculation for softmax", arXiv:1805.02867.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor
from torch.nn.functional import softplus


class Visited(NamedTuple):
    """Attention over the frames visited so far."""

    mass: Tensor  # L of them together (objects, 1, pixels)
    readout: Tensor  # R over them (objects, value_dim, pixels)


def visit(past: Visited | None, score: Tensor, value: Tensor) -> tuple[Visited, Tensor]:
    """Attention with one more frame, and that frame's own L (objects, 1, pixels).

    Args:
        past: the frames before, or None; its readout's memory is used again.
        score: S (objects, locations, pixels), finite; its memory is used up.
        value: V (objects, value_dim, locations).
    """
    top = score.detach().amax(1, keepdim=True)
    weight = score.sub_(top).exp_()
    total = weight.sum(1, keepdim=True)
    mass = top + total.log()
    readout = (value @ weight).div_(total)
    if past is None:
        return Visited(mass, readout), mass
    ahead = mass - past.mass
    readout = past.readout.lerp_(readout, ahead.sigmoid())
    return Visited(past.mass + softplus(ahead), readout), mass


def visit_numbers(pixels: int, objects: int, value_dim: int, *, first: bool) -> int:
    """Numbers alive at once in a `visit` by as many query locations, `past` and S included.

    S, the frame's readout and three numbers per query location; from the second frame on the
    readout and L of those before, and two numbers more for joining them.
    """
    line = objects * pixels
    one = line * (pixels + value_dim + 3)
    return one if first else one + line * (value_dim + 1 + 2)
