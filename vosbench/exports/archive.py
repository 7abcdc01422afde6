"""The zip itself: written in one order with one time stamp, and read back mask by mask."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from vosbench.data.files import expect_size, present
from vosbench.data.indexed_png import read_mask
from vosbench.data.video import Image
from vosbench.errors import DataError
from vosbench.exports.layouts import Layout
from vosbench.exports.runs import Predicted

_MOMENT = (1980, 1, 1, 0, 0, 0)  # the first that a zip can hold: equal masks give equal bytes
_UNIX, _MODE = 3, 0o100644 << 16


def write(path: Path, layout: Layout, sequences: Sequence[Predicted]) -> None:
    """All masks, stored as they are: a PNG is deflated already."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for sequence in sequences:
            size = sequence.size
            seen: set[int] = set()
            for frame, mask in sequence.masks.items():
                ids = read_mask(mask)
                size = size or (ids.shape[0], ids.shape[1])
                expect_size(mask, ids.shape, size)
                seen.update(present(ids))
                _expect_known(mask, seen, sequence)
                archive.writestr(_entry(layout.place(sequence.name, frame)), _png(ids, layout))


def read_back(path: Path, layout: Layout, sequences: Sequence[Predicted]) -> None:
    """Compare the zip with the masks it was made of; DataError where they differ."""
    places = {layout.place(s.name, f): p for s in sequences for f, p in s.masks.items()}
    palette = bytes(channel for colour in layout.palette for channel in colour)
    with zipfile.ZipFile(path) as archive:
        if archive.namelist() != list(places):
            raise _differs(path, "names")
        for place, mask in places.items():
            with Pillow.open(io.BytesIO(archive.read(place)), formats=("PNG",)) as image:
                colours = bytes(image.getpalette() or ())
                ids = np.array(image, dtype=np.uint8)
                if image.mode != "P" or colours != palette[: len(colours)] or not colours:
                    raise _differs(path, f"the palette of {place}")
            if not np.array_equal(ids, read_mask(mask)):
                raise _differs(path, place)


def _entry(place: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(place, date_time=_MOMENT)
    entry.create_system, entry.external_attr = _UNIX, _MODE
    return entry


def _png(ids: Image, layout: Layout) -> bytes:
    image = Pillow.fromarray(ids)
    image.putpalette([channel for colour in layout.palette for channel in colour])
    content = io.BytesIO()
    image.save(content, format="PNG")
    return content.getvalue()


def _expect_known(mask: Path, seen: set[int], sequence: Predicted) -> None:
    """No id but the video's own; where those are not known, no more ids than it has objects."""
    strange = sorted(seen - sequence.ids) if sequence.ids is not None else []
    if strange:
        raise DataError(
            f"{mask}: object {strange[0]} is not one of {sequence.name}; expected "
            f"{', '.join(map(str, sorted(sequence.ids or ())))}: give the data set that was run"
        )
    if len(seen) > sequence.objects:
        raise DataError(
            f"{mask}: {len(seen)} objects up to here; expected {sequence.objects} in all of "
            f"{sequence.name}: the masks are of another run: run 'vosbench bench' into a new store"
        )


def _differs(path: Path, what: str) -> DataError:
    return DataError(
        f"{path}: {what} differ from what was written; expected the same: "
        "is the disk sound? Try another --out"
    )
