"""Which sequences of a data set to use: a text file with one name a line."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from glob import escape
from pathlib import Path, PurePosixPath

from vosbench.errors import DataError, unknown


def read_split(path: Path) -> list[str]:
    """Names in a split file, in order, each once; blank lines and lines from # on are skipped.

    DAVIS 2016 lists a frame and a mask a line (``/JPEGImages/480p/bear/00000.jpg ...``): there
    the frame's folder is the name. Raises DataError for a missing, unreadable or empty file.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise DataError(
            f"{path}: cannot read the split ({reason}); expected a text file with one sequence "
            "a line: check --split"
        ) from error
    fields = (line.partition("#")[0].split() for line in lines)
    names = dict.fromkeys(_name(words[0]) for words in fields if words)
    if not names:
        raise DataError(
            f"{path}: the split is empty; expected one sequence name a line: list at least one"
        )
    return list(names)


def find_split(split: Path, root: Path, folders: Sequence[str] = (".",)) -> Path:
    """The split file itself, or, where there is none, that name in the set's ``ImageSets``.

    The set's own folders of ``ImageSets`` come first, in their order; elsewhere in it the name has
    to be there once. Raises DataError where it is there twice: two years list other sequences.
    """
    if split.is_file() or split.name != str(split):
        return split
    name, places = f"{split.name.removesuffix('.txt')}.txt", root / "ImageSets"
    for folder in folders:
        if (places / folder / name).is_file():
            return places / folder / name
    found = sorted(places.glob(f"**/{escape(name)}"))
    if len(found) > 1:
        raise DataError(
            f"--split {split}: {len(found)} files have that name, {found[0]} and {found[1]}; "
            "expected one: give the path of the file"
        )
    return found[0] if found else split


def choose(names: Sequence[str], split: Path | None, among: str) -> list[str]:
    """Names that the split lists, in its order, or all; DataError for one that is not there."""
    if split is None:
        return list(names)
    chosen = read_split(split)
    known = set(names)
    for name in chosen:
        if name not in known:
            shown = difflib.get_close_matches(name, names, n=8, cutoff=0)  # there may be thousands
            hint = unknown("sequence", name, shown).args[0].replace("(known:", "(nearest:")
            raise DataError(f"{split}: {hint}: mend the split, or add the sequence to {among}")
    return chosen


def _name(word: str) -> str:
    path = PurePosixPath(word)
    return path.parent.name if path.suffix and len(path.parts) > 1 else word
