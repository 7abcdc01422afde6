"""Skins and grounds, all procedural: uint8 pictures (height, width, 3) from integers alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vosbench.data.synthetic.arithmetic import Dice, Grid, fractal, noise, scatter
from vosbench.data.synthetic.creatures import Colour

Picture = NDArray[np.uint8]
SKIN_SIDE = 256  # texels; a skin repeats after them in both directions
_PAIRS: tuple[tuple[Colour, Colour], ...] = (
    ((236, 142, 48), (70, 40, 30)),
    ((240, 226, 196), (150, 92, 52)),
    ((206, 58, 48), (34, 26, 30)),
    ((66, 120, 190), (232, 214, 110)),
    ((150, 96, 168), (240, 206, 226)),
    ((60, 158, 136), (20, 56, 74)),
    ((196, 190, 182), (58, 60, 70)),
    ((226, 190, 60), (120, 56, 30)),
    ((226, 120, 130), (250, 232, 214)),
    ((120, 150, 70), (46, 60, 28)),
)


def skin(seed: int) -> Picture:
    """A coat of two colours in one of four patterns, with fine fur over it."""
    dice = Dice(seed)
    light, dark = _PAIRS[seed % len(_PAIRS)]
    pattern = (_stripes, _spots, _patches, _scales)[dice.integer(0, 3)]
    share = pattern(dice.integer(0, 1 << 30))
    fur = noise((SKIN_SIDE, SKIN_SIDE), (4, 4), seed + 7) - 128
    return _paint(_mix(light, dark, share), fur * 3 >> 4)


def ground(name: str, shape: tuple[int, int], unit: int, seed: int) -> Picture:
    """A landscape or a floor of the given shape; unit is the pixel size of its coarse detail."""
    if name in _FLOORS:
        return _floor(shape, unit, seed, *_FLOORS[name])
    return _landscape(shape, unit, seed, *_LANDSCAPES[name])


# name: the colours of sky (top, horizon), hills, ground (far, near)
_LANDSCAPES: dict[str, tuple[Colour, Colour, Colour, Colour, Colour]] = {
    "meadow": ((92, 150, 214), (216, 232, 240), (92, 128, 120), (136, 160, 84), (66, 112, 40)),
    "dunes": ((120, 168, 208), (246, 226, 196), (190, 150, 112), (226, 190, 138), (190, 140, 84)),
    "reef": ((70, 158, 196), (26, 96, 146), (22, 70, 104), (120, 146, 140), (176, 168, 132)),
}
# name: the colours of the floor (light, dark) and of its pebbles
_FLOORS: dict[str, tuple[Colour, Colour, Colour]] = {
    "moss": ((112, 140, 72), (50, 72, 38), (150, 144, 130)),
    "sand": ((222, 200, 156), (176, 148, 104), (140, 120, 100)),
}


def _stripes(seed: int) -> Grid:
    _, columns = _texels()
    warp = noise((SKIN_SIDE, SKIN_SIDE), (64, 64), seed)
    wave = (columns * 6 + warp) & 255  # six stripes around
    return _step(np.abs(wave - 128), 56, 76)


def _spots(seed: int) -> Grid:
    rows, columns = _texels()
    cell = 64
    rows = rows + columns // cell % 2 * (cell // 2)  # every other column of spots half a cell down
    far_y, far_x = rows % cell - cell // 2, columns % cell - cell // 2
    size = 300 + scatter(rows // cell % 4, columns // cell, seed)
    return 256 - _step(far_y * far_y + far_x * far_x, size - 60, size + 60)


def _patches(seed: int) -> Grid:
    return _step(fractal((SKIN_SIDE, SKIN_SIDE), (64, 64), seed, 3), 122, 134)


def _scales(seed: int) -> Grid:
    rows, columns = _texels()
    cell = 32
    columns = columns + rows // cell % 2 * (cell // 2)
    far_y, far_x = rows % cell, columns % cell - cell // 2
    rim = _step(far_y * far_y + far_x * far_x, 300, 1000)
    return (rim * 3 + noise((SKIN_SIDE, SKIN_SIDE), (64, 64), seed)) // 4


def _landscape(
    shape: tuple[int, int],
    unit: int,
    seed: int,
    sky: Colour,
    haze: Colour,
    hills: Colour,
    far: Colour,
    near: Colour,
) -> Picture:
    height, width = shape
    rows = np.arange(height, dtype=np.int32)[:, None]
    horizon = height * 2 // 5
    clouds = _step(fractal(shape, (unit // 2, unit * 2), seed, 4), 120, 190) * 3 // 5
    picture = _mix(sky, haze, np.minimum(256, rows * 256 // horizon + clouds))
    ridge = fractal((1, width), (1, unit * 2), seed + 1, 4) * unit // 200
    hazy = 150 - np.clip(rows - horizon + unit // 2, 0, 150)
    picture = np.where((rows > horizon - ridge)[..., None], _mix(hills, haze, hazy), picture)
    depth = np.clip((rows - horizon) * 256 // (height - horizon), 0, 256)
    edge = horizon + fractal((1, width), (1, unit), seed + 2, 3) * unit // 1600
    picture = np.where((rows > edge)[..., None], _mix(far, near, depth), picture)
    grain = fractal(shape, (max(4, unit // 10), max(4, unit // 4)), seed + 3, 4) - 128
    blades = noise(shape, (max(2, unit // 12), 2), seed + 4) - 128
    return _paint(
        picture, np.where(rows > edge, grain * 2 + blades * depth // 256 >> 2, grain >> 5)
    )


def _floor(
    shape: tuple[int, int], unit: int, seed: int, light: Colour, dark: Colour, stone: Colour
) -> Picture:
    coarse = fractal(shape, (unit, unit), seed, 5)
    picture = _mix(light, dark, _step(coarse, 90, 170))
    bumps = fractal(shape, (unit // 4, unit // 4), seed + 1, 2)
    pebble = _step(bumps, 172, 182)
    picture = picture + ((np.array(stone, dtype=np.int32) - picture) * pebble[..., None] >> 8)
    relief = np.zeros(shape, dtype=np.int32)
    relief[2:, 2:] = bumps[2:, 2:] - bumps[:-2, :-2]  # lit from the upper left
    grain = fractal(shape, (8, 8), seed + 2, 3) - 128
    return _paint(picture, (relief * 3 >> 2) + (grain >> 2))


def _texels() -> tuple[Grid, Grid]:
    side = np.arange(SKIN_SIDE, dtype=np.int32)
    return side[:, None] + 0 * side[None, :], side[None, :] + 0 * side[:, None]


def _step(values: Grid, low: Grid | int, high: Grid | int) -> Grid:
    """0 up to low, 256 from high, linear between."""
    return np.clip((values - low) * 256 // (high - low), 0, 256).astype(np.int32)


def _mix(first: Colour, second: Colour, share: Grid) -> Grid:
    """First colour where share is 0, second where it is 256: (height, width, 3)."""
    a, b = np.array(first, dtype=np.int32), np.array(second, dtype=np.int32)
    return a + ((b - a) * share[..., None] >> 8)


def _paint(picture: Grid, relief: Grid) -> Picture:
    """The picture with relief added as brightness, in bytes."""
    painted: Picture = np.clip(picture + relief[..., None], 0, 255).astype(np.uint8)
    return painted
