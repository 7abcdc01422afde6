"""Real small files, and what may become of them on disks and networks."""

import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from vosbench.errors import VosbenchError


def pictures(count: int, size: tuple[int, int] = (48, 64)) -> list[np.ndarray]:
    """A grey ramp with a bright square that moves right, four pixels a frame."""
    ramp = np.add.outer(np.arange(size[0]), np.arange(size[1])).astype(np.uint8)
    frames = [np.stack([ramp] * 3, axis=-1) for _ in range(count)]
    for t, frame in enumerate(frames):
        frame[8:24, (4 * t) % (size[1] - 16) :][:, :16] = (240, 40, 40)
    return frames


def save_video(
    path: Path, count: int = 8, size: tuple[int, int] = (48, 64), codec: str = "libx264"
) -> Path:
    """A video of `pictures`, a key frame every 12, with frames that refer to later ones."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(25), options={"g": "12", "bf": "2"})
        stream.height, stream.width = size
        stream.pix_fmt = "yuv420p"
        for pixels in pictures(count, size):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, deflated: bytes, *more: bytes) -> bytes:
    """A grey PNG of any header and stream, with other chunks between them."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    end = chunk(b"IDAT", deflated) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + end


def save_noise(path: Path, mode: str = "RGB", **options: object) -> bytes:
    """An image of noise, and its bytes."""
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3)).astype(np.uint8)
    image = Image.fromarray(pixels)
    (image.quantize(8) if mode == "P" else image.convert(mode)).save(path, **options)
    return path.read_bytes()


def read_or_refused(path: Path, read: Callable[[], object]) -> str:
    """The message of the refusal, checked to be one line that names the file; "" if it was read."""
    message = refusal(read)
    assert len(message.splitlines()) <= 1, message
    assert not message or path.name in message, message
    return message


def refusal(read: Callable[[], object]) -> str:
    """The message of a user's mistake, "" where there is none; any other exception is passed on."""
    try:
        read()
    except VosbenchError as error:
        return str(error)
    return ""
