"""Low-rank GC: the global context, kept as two thin factors.

    C_t = k(X_t)^T v(X_t)                          (GC's eq. 1, unchanged)
    G_t = (t-1)/t U_{t-1} W_{t-1} + 1/t C_t        (GC's eq. 2, on what was kept)
    U_t = first r left singular vectors of G_t     (truncated SVD: the nearest matrix of rank r
    W_t = U_t^T G_t                                 is U_t U_t^T G_t, and W_t = Sigma V^T)
    R_t = (q(X_t) U_t) W_t                         (GC's eq. 3, through the factors)

At full rank, r = min(key_dim, value_dim), it is GC. Below, it truncates after every frame, so what
an early truncation dropped is lost; one SVD of the exact mean would keep more. Trained keys and
values of GC serve as they are. State and read are smaller than GC's for r < key_dim value_dim /
(key_dim + value_dim).

Shapes: key (objects, key_dim, h, w), value (objects, value_dim, h, w), U (objects, key_dim, r),
W (objects, r, value_dim). Units: multiply-adds and float32 bytes. The SVD itself, about
key_dim^2 value_dim times a small number, is not a product that any counter sees and is not in
`cost`.

Gradients go through W; U counts as constant, for the gradient of singular vectors is infinite where
two singular values meet. At full rank that is exact. Needs an SVD, so it does not export to ONNX.

Source: Li, Shen, Shan, "Fast Video Object Segmentation using the Global Context Module",
ECCV 2020, arXiv:2001.11243. The factors are a variant of ours, not the paper's.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor

from vosbench.memory import Cost, Frame, Growth, Memory, WritePolicy, check_whole
from vosbench.registry import register


class Factors(NamedTuple):
    """The state: two factors per object and the number of frames in them."""

    basis: Tensor  # U (objects, key_dim, rank), orthonormal columns
    rows: Tensor  # W (objects, rank, value_dim)
    frames: int  # t


@register("lowrank")
class LowRankContext(Memory):
    """The mean of the frames' global contexts, truncated to a rank after every frame.

    Args:
        key_dim: channels of keys and queries.
        value_dim: channels of values and readouts.
        rank: r, from 1 to min(key_dim, value_dim); None takes a quarter of that.

    Raises:
        ValueError: the rank is not a whole number in that range.
    """

    growth = Growth.CONSTANT
    paper = (
        "a truncated SVD in: Li, Shen, Shan, Fast VOS using the Global Context Module, "
        "arXiv:2001.11243"
    )
    policy = WritePolicy(every=1)
    capacity = "rank"
    no_onnx = MappingProxyType({"write": "ONNX has no singular value decomposition"})

    def __init__(self, key_dim: int, value_dim: int, *, rank: int | None = None) -> None:
        super().__init__(key_dim, value_dim)
        full = min(key_dim, value_dim)
        if rank is None:
            rank = max(1, full // 4)
        check_whole(1, full, rank=rank)
        self.rank = rank

    def write(self, state: Factors | None, frame: Frame) -> Factors:
        """Key (objects, key_dim, h, w), value (objects, value_dim, h, w)."""
        context = frame.key.flatten(2) @ frame.value.flatten(2).mT  # C_t = k(X_t)^T v(X_t)
        t = 1 if state is None else state.frames + 1
        if state is not None:
            context = torch.lerp(state.basis @ state.rows, context, 1 / t)  # G_t
        basis = self._basis(context)
        return Factors(basis, basis.mT @ context, t)

    def _basis(self, context: Tensor) -> Tensor:
        """U (objects, key_dim, rank): a copy, for a view would keep all singular vectors alive."""
        wide = torch.promote_types(context.dtype, torch.float32)  # there is no SVD in float16
        left: Tensor = torch.linalg.svd(context.detach().to(wide), full_matrices=False).U
        return left[..., : self.rank].to(context.dtype, copy=True)

    def read(self, state: Factors, query: Tensor) -> tuple[Tensor, Factors]:
        """Query (objects or 1, key_dim, h, w) -> readout (objects, value_dim, h, w)."""
        readout = state.rows.mT @ (state.basis.mT @ query.flatten(2))  # R_t = (q(X_t) U_t) W_t
        return readout.view(*readout.shape[:2], *query.shape[2:]), state

    def cost(self, t: int, pixels: int, objects: int) -> Cost:
        """Read: objects x pixels x rank x (key_dim + value_dim); write: as GC, and the factors."""
        k, v, r = self.key_dim, self.value_dim, self.rank
        products = 2 if t > 1 else 1  # W = U^T G; from the second frame on U W too
        return Cost(
            read_macs=objects * pixels * r * (k + v),
            write_macs=objects * (pixels + products * r) * k * v,
            state_bytes=4 * objects * r * (k + v),
            temporary_bytes=4 * objects * pixels * r,
        )

    def gain(self, pixels: int) -> float:
        """C sums over all locations."""
        return float(pixels)
