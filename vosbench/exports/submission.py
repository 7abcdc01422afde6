"""Writes a server's zip from a store's predictions, and reads it back before it is kept."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vosbench.data import load
from vosbench.errors import DataError, UsageError, unknown
from vosbench.exports.archive import read_back, write
from vosbench.exports.layouts import LAYOUTS
from vosbench.exports.runs import Predicted, demanded, find_run, recorded


@dataclass(frozen=True)
class Exported:
    """What was written."""

    path: Path
    sequences: int
    frames: int
    complete: bool  # whether sequences and frames were checked against the data set itself

    def __str__(self) -> str:
        against = "" if self.complete else " (which frames belong there is checked with --data)"
        return f"{self.path}: {self.sequences} sequences, {self.frames} masks, read back{against}"


def export(
    target: str,
    store: Path,
    method: str,
    out: Path,
    data: str = "",
    split: Path | None = None,
) -> Exported:
    """Write the predictions of one run as the zip that a server takes.

    Equal predictions give equal bytes. The zip takes its name only after all of it was read back:
    every mask there, indexed, with the server's palette, of the video's size, with known ids.

    Args:
        target: a name in `LAYOUTS`, which is the data set too.
        store: folder of the records.
        method: its name, or the name of its folder in the store's predictions.
        out: the zip, replaced where it is there already.
        data: ``NAME=PATH`` of the data set: every sequence and every frame of it has to be there,
            of its size and with its ids. Without it the masks are taken as they are.
        split: text file of the sequences to hand in, see `vosbench.data.load`.

    Raises:
        UsageError: an unknown target or method, several runs of it, or another data set.
        DataError: a sequence, a frame or the store is missing or damaged, or `out` cannot be
            written; nothing is left of the zip then.
    """
    if target not in LAYOUTS:
        raise unknown("server", target, LAYOUTS)
    if data and data.partition("=")[0] != target:
        raise UsageError(f"--data {data}: expected {target}=PATH, the data set of that server")
    if split and not data:
        raise UsageError(f"--split {split}: expected --data {target}=PATH beside it: add it")
    cells = find_run(store, target, method)
    if data:
        sequences = demanded(store, cells, load(data, split).videos)
    else:
        sequences = [recorded(store, cell) for cell in cells]
    _write_whole(out, target, sequences)
    frames = sum(len(sequence.masks) for sequence in sequences)
    return Exported(out, len(sequences), frames, bool(data))


def _write_whole(out: Path, target: str, sequences: Sequence[Predicted]) -> None:
    part = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write(part, LAYOUTS[target], sequences)
        read_back(part, LAYOUTS[target], sequences)
        os.replace(part, out)
    except OSError as error:
        raise DataError(
            f"--out {out}: cannot be written ({error.strerror or error}); expected the name of a "
            "zip in a folder with room: choose another or free some space"
        ) from error
    finally:
        with suppress(OSError):
            part.unlink()
