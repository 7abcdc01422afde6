"""Which predictions of a store are meant: one run of one method over one data set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vosbench.data import Video
from vosbench.data.files import list_images
from vosbench.errors import DataError, UsageError, unknown
from vosbench.results import Cell, Store
from vosbench.results.tables import CELL_FIELDS


@dataclass(frozen=True)
class Predicted:
    """One sequence's predictions, and what is known of what they have to be."""

    name: str
    masks: Mapping[str, Path]  # frame name -> file, in order of time
    objects: int  # count of objects
    ids: frozenset[int] | None = None  # ids of the objects, where known
    size: tuple[int, int] | None = None  # (H, W), where known


def find_run(store: Path, dataset: str, method: str) -> list[Cell]:
    """The accuracy cells of a run, by sequence.

    Args:
        store: folder of the records.
        dataset: name of the data set.
        method: its name, or, where the store holds several runs of it, the name of one run's
            folder in `predictions/DATASET`, such as ``gc-065e4234``.

    Raises:
        UsageError: no such method, or several runs of it.
        DataError: no masks of the data set.
    """
    records = Store(store)
    cells = [c for c in records.cells() if c.harness == "accuracy" and c.dataset == dataset]
    if not cells:
        raise DataError(
            f"{records.path}: no masks of {dataset}; expected a store that "
            f"'vosbench bench --data {dataset}=PATH' filled: name another"
        )
    runs: dict[str, dict[str, Cell]] = {}
    for cell in cells:
        if method in (cell.method, _run(cell)):
            runs.setdefault(_run(cell), {})[cell.sequence] = cell
    if not runs:
        raise unknown(f"method of {dataset} in {store}", method, {cell.method for cell in cells})
    if len(runs) > 1:
        raise UsageError(
            f"--method {method}: {len(runs)} runs of it in {store}; expected one: give its folder "
            f"in predictions/{dataset}: {', '.join(sorted(runs))}"
        )
    (run,) = runs.values()
    _refuse_failed(records, dataset, next(iter(runs)))
    return [run[name] for name in sorted(run)]


def recorded(store: Path, cell: Cell) -> Predicted:
    """What the store alone knows of a sequence: the masks there are, and how many objects."""
    folder = store / "predictions" / cell.folder
    return Predicted(cell.sequence, _masks(folder), cell.objects)


def demanded(store: Path, cells: Sequence[Cell], videos: Iterable[Video]) -> list[Predicted]:
    """What a data set demands: DataError where a sequence or a frame is not in the store."""
    by_name = {cell.sequence: cell for cell in cells}
    found = []
    for video in videos:
        if video.name not in by_name:
            raise _missing(store, video.name, by_name)
        folder = store / "predictions" / by_name[video.name].folder
        masks = _masks(folder)
        for frame in video.frame_names:
            if frame not in masks:
                raise DataError(
                    f"{folder / frame}.png: mask missing; expected one for each frame of "
                    f"{video.name}: run 'vosbench bench' into a new store"
                )
        kept = {frame: masks[frame] for frame in video.frame_names}
        ids = frozenset(video.objects)
        found.append(Predicted(video.name, kept, len(ids), ids, video.size))
    return found


def _run(cell: Cell) -> str:
    """Name of the run's folder: ``METHOD-DIGEST``."""
    return cell.folder.split("/")[1]


def _masks(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise DataError(
            f"{folder}: sequence missing; expected its masks, since the store has its record: "
            "restore the folder, or run 'vosbench bench' into a new store"
        )
    masks = {path.stem: path for path in list_images(folder, [".png"])}
    if not masks:
        raise DataError(f"{folder}: no masks; expected one PNG a frame: restore them")
    return masks


def _missing(store: Path, name: str, known: Iterable[str]) -> DataError:
    return DataError(
        f"{store}: sequence {name} is missing; expected all of the data set "
        f"({len(list(known))} are there): run 'vosbench bench' with the same store, or give the "
        "split that was run with --split"
    )


def _refuse_failed(records: Store, dataset: str, run: str) -> None:
    """A server counts a sequence that is not in the zip as wrong, or refuses the zip."""
    failures = records.failures()
    of_set = failures[(failures["harness"] == "accuracy") & (failures["dataset"] == dataset)]
    for fields in of_set[list(CELL_FIELDS)].to_dict("records"):
        cell = Cell(**fields)
        if _run(cell) == run:
            raise DataError(
                f"{records.path}: sequence {cell.sequence} failed; expected a run without "
                "failures: run the same 'vosbench bench' again"
            )
