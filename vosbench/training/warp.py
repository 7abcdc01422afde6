"""Random motion as sampling grids: rotation, scale, shift, flip and a thin-plate spline.

A grid (frames, S, S, 2) says for each output pixel where to read the source, in the normalised
coordinates of `grid_sample`. All of a clip's frames and its mask are read in one call.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

CONTROL = 4  # control points per side of the thin-plate spline


@dataclass(frozen=True)
class Motion:
    """Half-widths of the uniform distributions that a frame's motion is drawn from."""

    rotation: float  # degrees; of the whole clip, and of each frame on top of it
    scale: float  # relative
    shift: float  # of the crop's side
    bend: float  # of the crop's side: displacement of the spline's control points


STILL = Motion(rotation=20, scale=0.2, shift=0.12, bend=0.05)
VIDEO = Motion(rotation=6, scale=0.06, shift=0.03, bend=0.0)


@cache
def basis(side: int) -> Tensor:
    """What any view is a sum of: rows x, y, 1 and the spline's, (3 + CONTROL^2, side^2)."""
    pixel = (torch.arange(side) + 0.5) / side * 2 - 1
    y, x = torch.meshgrid(pixel, pixel, indexing="ij")
    plane = torch.stack([x, y, torch.ones(side, side)]).flatten(1)
    return torch.cat([plane, spline_basis(side).T])


@cache
def spline_basis(side: int) -> Tensor:
    """Thin-plate spline through CONTROL^2 fixed points, as a matrix (side^2, CONTROL^2).

    Displacements of the control points times this matrix are the displacements of all pixels:
    U(r) = r^2 log r^2, with an affine part, solved once (Bookstein, PAMI 1989).
    """
    axis = torch.linspace(-1, 1, CONTROL, dtype=torch.float64)
    points = torch.cartesian_prod(axis, axis)
    pixel = torch.linspace(-1, 1, side, dtype=torch.float64)
    where = torch.cartesian_prod(pixel, pixel)
    n = len(points)

    def rows(x: Tensor) -> Tensor:
        squared = torch.cdist(x, points).square()
        return torch.cat([torch.xlogy(squared, squared), torch.ones(len(x), 1), x], dim=1)

    top = rows(points)
    system = torch.cat([top, torch.cat([top[:, n:].T, torch.zeros(3, 3)], dim=1)])
    unit = torch.cat([torch.eye(n), torch.zeros(3, n)]).double()
    solved: Tensor = rows(where) @ torch.linalg.solve(system, unit)
    return solved.float()


def grid(
    rng: Generator,
    side: int,
    centre: tuple[float, float],
    reach: float,
    size: tuple[int, int],
    motion: Motion,
    frames: int,
) -> Tensor:
    """Grids of one clip: a common view of the source, then each frame's own motion.

    Every motion is linear in `basis`, so that a clip's grids are one matrix product:
    grid_f = R_f [flip, bend_f] basis + shift_f, all in units of the source.

    Args:
        rng: source of randomness.
        side: of the square output, pixels.
        centre: (y, x) in the source that the view is centred on, pixels.
        reach: side of the view in the source, pixels.
        size: (H, W) of the source.
        motion: how far the frames' own motions go.
        frames: how many.

    Returns:
        (frames, side, side, 2), for `grid_sample` with align_corners=False.
    """

    def u(width: float, *shape: int) -> NDArray[np.float64]:
        return rng.uniform(-1, 1, shape) * width

    flip = rng.choice((-1.0, 1.0))
    angle = np.deg2rad(u(motion.rotation, 1) + u(motion.rotation, frames))
    zoom = np.exp(u(motion.scale, frames))
    shift = u(2 * motion.shift, frames, 2)
    points = CONTROL**2 if motion.bend else 0
    bend = u(2 * motion.bend, points, 2 * frames).reshape(points, frames, 2).transpose(1, 0, 2)
    turn = np.stack([np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle)], axis=-1)
    axes = np.broadcast_to(np.diag([flip, 1.0]), (frames, 2, 2))
    view = np.concatenate([axes, np.zeros((frames, 1, 2)), bend], axis=1)
    view = view @ (zoom[:, None] * turn).reshape(frames, 2, 2)  # (frames, 3 + points, 2)
    view[:, 2] += shift
    view *= (reach / size[1], reach / size[0])
    view[:, 2] += (2 * centre[1] / size[1] - 1, 2 * centre[0] / size[0] - 1)
    flat = torch.from_numpy(view).float().mT.flatten(0, 1) @ basis(side)[: 3 + points]
    return flat.view(frames, 2, side, side).permute(0, 2, 3, 1)


def sample(frames: Tensor, masks: Tensor, grids: Tensor) -> tuple[Tensor, Tensor]:
    """Reads frames (n, 3, H, W) and masks (n, 1, H, W) at grids; masks stay 0 or 1."""

    def read(x: Tensor) -> Tensor:  # not both at once: copying them together costs as much again
        x = x.expand(len(grids), -1, -1, -1)
        return F.grid_sample(x, grids, padding_mode="reflection", align_corners=False)

    return read(frames), (read(masks) > 0.5).float()
