"""The verb `score`: J and F of a folder of predicted masks, printed and written to files."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from vosbench.errors import DataError
from vosbench.harness.score_folders import FolderScore, score_folders, warm_up
from vosbench.harness.score_output import to_csv, to_json, to_table

__all__ = ["FolderScore", "run_score", "score_folders", "to_csv", "to_json", "to_table", "warm_up"]


def run_score(
    gt: Path,
    pred: Path,
    *,
    protocol: str = "davis2017",
    workers: int = 1,
    csv: Path | None = None,
    json: Path | None = None,
    official_decay: bool = False,
) -> None:
    """Score PRED against GT, print the table, and write per-frame CSV and JSON where asked.

    Args as `score_folders`; raises what it raises, and DataError for a file that cannot be written.
    """
    score = score_folders(gt, pred, protocol, workers, official_decay=official_decay)
    Console().print(to_table(score))
    if csv is not None:
        _write(csv, to_csv(score))
    if json is not None:
        _write(json, to_json(score))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DataError(
            f"{path}: cannot be written ({error.strerror}); expected a writable place: "
            "choose another"
        ) from error
