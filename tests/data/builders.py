"""Small data sets on disk, and the check that an error is one line that names its file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vosbench.errors import VosbenchError


def save_frame(path: Path, size: tuple[int, int] = (12, 16), value: int = 90) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), value, dtype=np.uint8)).save(path)


def save_mask(path: Path, *ids: int, size: tuple[int, int] = (12, 16)) -> None:
    """An indexed PNG with a row of each id, from the top."""
    mask = np.zeros(size, dtype=np.uint8)
    for row, key in enumerate(ids):
        mask[row] = key
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(mask)
    image.putpalette(list(range(256)) * 3)
    image.save(path)


def make_davis(
    root: Path, *names: str, resolution: str = "480p", ids: tuple[int, ...] = (1,)
) -> Path:
    """A DAVIS layout with three frames a sequence."""
    for name in names:
        for t in range(3):
            save_frame(root / "JPEGImages" / resolution / name / f"{t:05d}.jpg")
            save_mask(root / "Annotations" / resolution / name / f"{t:05d}.png", *ids)
    return root


@contextmanager
def one_line(error: type[VosbenchError], *words: object) -> Iterator[None]:
    """Expect an error whose message is one line with all the words in it."""
    with pytest.raises(error) as caught:
        yield
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert str(word) in message
