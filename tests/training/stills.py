"""Small stills on disk: a noise image with a white rectangle for a mask."""

from pathlib import Path

import numpy as np
from PIL import Image


def write_stills(root: Path, count: int = 3, size: tuple[int, int] = (40, 48)) -> Path:
    rng = np.random.default_rng(5)
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for i in range(count):
        noise = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
        mask = np.zeros(size, np.uint8)
        mask[8 : 24 + i, 10:30] = 255
        Image.fromarray(noise).save(root / "images" / f"{i}.png")
        Image.fromarray(mask).save(root / "masks" / f"{i}.png")
    return root
