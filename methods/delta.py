"""The delta rule: a frame corrects what the memory would have answered, instead of adding to it.

    K has unit columns (L2, per location), so has Q; V holds the values; P locations
    A_t = K_t K_t^T / P                                   trace 1
    S_t = S_{t-1} + b / |A_t|_F (V_t - S_{t-1} K_t) K_t^T / P,   S_0 = 0
    R   = S_t Q

GC writes K V^T whatever the memory holds; here a location that is recalled rightly writes nothing.

The form: all locations of a frame write at once, for they have no order, and the step is divided by
the Frobenius norm of A, which bounds its spectral norm L from above and needs no iteration. It is a
gradient step on f(S) = |V_t - S K_t|^2 / 2P with a step size h = b / |A|_F of at most 1 / L, so

    a write never raises f, the error on its own frame (0 < b <= 1), and
    |S_t|_F^2 <= |S_{t-1}|_F^2 + h |V_t|_F^2 / P,   with h <= b sqrt(key_dim):

the state's norm grows like sqrt(t) at the very worst. (From f's gradient -E K^T / P, E = V - S K:
|S + h E K^T / P|^2 <= |S|^2 + h (2 <V, E> - |E|^2) / P, as h |K^T K| / P <= 1.)

Shapes: key (objects, key_dim, h, w), value (objects, value_dim, h, w), S (objects, value_dim,
key_dim). Units: multiply-adds and float32 bytes. A readout does not grow with the resolution.

Differs from the papers: one token at a time there, one frame at a time here; b is a parameter, not
learned per token.

Source: Schlag, Irie, Schmidhuber, "Linear Transformers Are Secretly Fast Weight Programmers",
ICML 2021, arXiv:2102.11174; L2-normalised keys as in Yang et al., NeurIPS 2024, arXiv:2406.06484.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from torch import Tensor
from torch.linalg import matrix_norm, vector_norm

from vosbench.memory import Cost, Frame, Growth, Memory, WritePolicy, check_number
from vosbench.registry import register

SMALLEST = 1e-6  # float16 can still hold it


class FastWeights(NamedTuple):
    """The state: one matrix per object that maps keys to values."""

    weights: Tensor  # S (objects, value_dim, key_dim)


def unit(x: Tensor) -> Tensor:
    """Columns of x (n, channels, pixels) at L2 norm 1; a column of zeros stays one.

    Divided by their largest entry first: in float16 the square of 256 is already infinite.
    """
    x = x / x.abs().amax(dim=1, keepdim=True).clamp_min(SMALLEST)
    x = x / vector_norm(x, dim=1, keepdim=True).clamp_min(0.5)  # at least 1 unless x is about 0
    return x


@register("delta")
class DeltaRule(Memory):
    """Fast weights, written by the delta rule frame by frame.

    Args:
        key_dim: channels of keys and queries.
        value_dim: channels of values and readouts.
        rate: b, the share of the largest stable step, in (0, 1].

    Raises:
        ValueError: the rate is outside (0, 1].
    """

    growth = Growth.CONSTANT
    paper = (
        "Schlag, Irie, Schmidhuber, Linear Transformers Are Secretly Fast Weight Programmers, "
        "ICML 2021, arXiv:2102.11174"
    )
    policy = WritePolicy(every=1)

    def __init__(self, key_dim: int, value_dim: int, *, rate: float = 1.0) -> None:
        super().__init__(key_dim, value_dim)
        check_number("> 0", "<= 1", rate=rate)
        self.rate = rate

    def write(self, state: FastWeights | None, frame: Frame) -> FastWeights:
        """Key (objects, key_dim, h, w), value (objects, value_dim, h, w)."""
        root = math.sqrt(frame.key.shape[2] * frame.key.shape[3])  # one per factor: no overflow
        key, value = unit(frame.key.flatten(2)) / root, frame.value.flatten(2) / root
        gram = key @ key.mT  # A
        step = self.rate / matrix_norm(gram, keepdim=True).clamp_min(SMALLEST)
        change = value @ key.mT  # V K^T / P
        if state is None:
            return FastWeights(step * change)
        # (V - S K) K^T = V K^T - S (K K^T): cheaper, for there are more locations than channels
        return FastWeights(state.weights + step * (change - state.weights @ gram))

    def read(self, state: FastWeights, query: Tensor) -> tuple[Tensor, FastWeights]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        readout = state.weights @ unit(query.flatten(2))  # R = S Q
        return readout.view(*readout.shape[:2], *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """Read as GC; write: V K^T and A over all locations, then S A from the second frame on."""
        k, v = self.key_dim, self.value_dim
        recall = k * k * v if t > 1 else 0
        spare = max(0, k + 1 - objects * v)  # two copies of a shared query, then the readout
        return Cost(
            read_macs=objects * pixels * k * v,
            write_macs=objects * (pixels * k * (k + v) + recall),
            state_bytes=4 * objects * k * v,
            temporary_bytes=4 * pixels * (k + spare),
        )
