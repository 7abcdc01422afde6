"""From a scene to pixels: frames, and masks that follow from the same coverage.

A pixel's colour mixes what is behind with the share of its four samples that an actor covers; its
id is that of the front-most actor that covers two or more of them.
"""

from __future__ import annotations

from functools import lru_cache
from math import floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vosbench.data.synthetic.arithmetic import noise
from vosbench.data.synthetic.creatures import KINDS
from vosbench.data.synthetic.outline import Outline, body_axes, fields, inside, outline
from vosbench.data.synthetic.scene import Pose, Scene
from vosbench.data.synthetic.textures import SKIN_SIDE, Picture, ground, skin

Colours = NDArray[np.uint16]  # (height, width, 3)
_TEXELS = 96  # of a skin to a body unit
_GRAIN = 32  # pixels by which the sensor's noise is shifted from frame to frame


class Backdrop(NamedTuple):
    """What all frames of a scene share."""

    land: Picture  # the ground with the camera's margins
    grain: NDArray[np.int16]  # the sensor's noise, -4..4, larger than a frame by _GRAIN


def paint_backdrop(scene: Scene) -> Backdrop:
    """The ground and the noise of a scene."""
    height, width = scene.size
    shape = (height + 2 * scene.margin, width + 2 * scene.margin)
    spread = noise((height + _GRAIN, width + _GRAIN), (1, 1), scene.seed + 5)
    grain = ((spread * 9 >> 8) - 4).astype(np.int16)
    return Backdrop(ground(scene.ground, shape, max(8, height // 4), scene.seed), grain)


def paint_mask(scene: Scene, t: int) -> Picture:
    """Ids of frame t: (H, W), 0 where no labelled actor is in front."""
    ids = np.zeros(scene.size, dtype=np.uint8)
    for actor in scene.actors:
        pose = actor.pose(t)
        shape = pose and outline(actor, pose, scene.size)
        if shape:
            ids[shape.box.pixels][_quads(inside(shape).astype(np.uint8)) >= 2] = actor.label
    return ids


def paint_frame(scene: Scene, t: int, backdrop: Backdrop) -> Picture:
    """Frame t: (H, W, 3), RGB."""
    frame = _view(scene, t, backdrop.land)
    for actor in scene.actors:
        pose = actor.pose(t)
        if pose is None:
            continue
        if KINDS[actor.kind].walks:
            _cast_shadow(frame, pose)
        shape = outline(actor, pose, scene.size)
        if shape:
            _paint_over(frame[shape.box.pixels], shape, pose, _coat(actor.skin))
    gain = scene.light(t)
    if gain != (256, 256, 256):
        frame *= np.array(gain, dtype=np.uint16)
        frame >>= 8
    return _expose(frame, t, backdrop.grain)


def _view(scene: Scene, t: int, land: Picture) -> Colours:
    row, column = scene.camera(t)
    height, width = scene.size
    return land[row : row + height, column : column + width].astype(np.uint16)


def _expose(frame: Colours, t: int, grain: NDArray[np.int16]) -> Picture:
    """Bytes with the noise of frame t."""
    height, width, _ = frame.shape
    down, across = t * 13 % _GRAIN, t * 23 % _GRAIN
    signed = frame.view(np.int16)
    signed += grain[down : down + height, across : across + width, None]
    return np.clip(signed, 0, 255, out=signed).astype(np.uint8)


@lru_cache(maxsize=64)
def _coat(seed: int) -> NDArray[np.uint32]:
    """A skin with one number for a texel's colour, as such numbers are looked up fastest."""
    padded = np.zeros((SKIN_SIDE * SKIN_SIDE, 4), dtype=np.uint8)
    padded[:, :3] = skin(seed).reshape(-1, 3)
    return padded.view(np.uint32).ravel()


def _paint_over(behind: Colours, shape: Outline, pose: Pose, coat: NDArray[np.uint32]) -> None:
    """Mix a creature into what is behind it, by the share of each pixel that it covers."""
    texels = coat.take(_texel_of(shape, pose))
    colour = texels.view(np.uint8).reshape(*texels.shape, 4)[..., :3]
    shade = np.zeros(shape.box.shape, dtype=np.uint16)
    for ellipse, window, field, rows in fields(shape):
        covered = field > 0
        if ellipse.ink:
            colour[window][covered] = ellipse.ink
        field -= rows * 0.32  # lit from above
        field += 1.0  # a ball's height over its rim, and the light around: at most 2.03
        field *= 125 * ellipse.tone
        np.copyto(shade[window], field, where=covered, casting="unsafe")
    lit = colour * shade[..., None]
    lit >>= 8
    count = _quads((shade > 0).astype(np.uint16))[..., None]
    behind *= 4 - count
    behind += _quads(lit) + 2
    behind >>= 2


def _texel_of(shape: Outline, pose: Pose) -> NDArray[np.int64]:
    """Index in the coat for each sample of the box, from places in 1/65536 texel."""
    box = shape.box
    columns = np.arange(box.shape[1], dtype=np.int64)
    rows = np.arange(box.shape[0], dtype=np.int64)[:, None]
    right, down = box.left + 0.25 - pose.x, box.top + 0.25 - pose.y
    u, v = (
        (
            floor((form[0] * right + form[1] * down) * _TEXELS * 65536)
            + (columns * floor(form[0] * _TEXELS * 32768))
            + (rows * floor(form[1] * _TEXELS * 32768))
        )
        for form in body_axes(pose)
    )
    u >>= 16
    u &= SKIN_SIDE - 1
    v >>= 8  # by 16 for the texel, and back by 8 for the row
    v &= (SKIN_SIDE - 1) * SKIN_SIDE
    v += u
    return v


def _cast_shadow(frame: Colours, pose: Pose) -> None:
    """Darken the ground at the feet, by 45 % in the middle, less towards the rim."""
    height, width, _ = frame.shape
    foot, across, down = pose.y + 0.8 * pose.size * pose.stretch, 1.05 * pose.size, 0.16 * pose.size
    top, bottom = max(0, floor(foot - down)), min(height, floor(foot + down) + 1)
    left, right = max(0, floor(pose.x - across)), min(width, floor(pose.x + across) + 1)
    if top >= bottom or left >= right:
        return
    rows = (np.arange(top, bottom) + 0.5 - foot) / down
    columns = (np.arange(left, right) + 0.5 - pose.x) / across
    depth = np.clip(1 - (rows * rows)[:, None] - columns * columns, 0, 1)
    part = frame[top:bottom, left:right]
    part *= (256 - depth * 115).astype(np.uint16)[..., None]
    part >>= 8


def _quads(samples: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Sums over the 2x2 samples of each pixel."""
    rows = samples[::2] + samples[1::2]
    return rows[:, ::2] + rows[:, 1::2]
