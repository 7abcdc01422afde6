"""J and F of a folder of predicted masks against a folder of true ones."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from vosbench.data.indexed_png import MaskReader
from vosbench.errors import DataError, UsageError
from vosbench.harness.unseen import unseen_objects
from vosbench.metrics import protocols
from vosbench.metrics.averages import JF, Key, groups
from vosbench.metrics.kernels import Mask
from vosbench.metrics.sequence import SequenceScore, Truth
from vosbench.metrics.statistics import OFFICIAL_DECAY_BREAKS_AT, summarise


class MaskFiles(Mapping[int, Mask]):
    """The masks of one sequence by frame number, decoded when asked for, into one buffer."""

    def __init__(self, files: Mapping[int, Path], reader: MaskReader) -> None:
        self.files = files
        self._reader = reader

    def __getitem__(self, t: int) -> Mask:
        return self._reader.read(self.files[t])

    def __contains__(self, t: object) -> bool:
        return t in self.files  # the mixin's would decode the mask to find out

    def __iter__(self) -> Iterator[int]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)


@dataclass(frozen=True)
class FolderScore:
    """The scores of all sequences of a folder under one protocol."""

    protocol: str
    sequences: dict[str, SequenceScore]
    names: dict[str, dict[int, str]]  # sequence -> frame number -> name of its file
    unseen: frozenset[Key] | None  # objects of classes not trained on; None: not known
    official_decay: bool
    workers: int
    seconds: float  # wall time of decoding and scoring
    compile_seconds: float  # wall time before that: compiling, or loading what was compiled

    @cached_property
    def objects(self) -> dict[Key, JF]:
        """Mean, recall and decay of each object."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # `notes` says it in our own words
            return {
                (name, i): JF(
                    summarise(o.J, official_decay=self.official_decay),
                    summarise(o.F, official_decay=self.official_decay),
                )
                for name, score in self.sequences.items()
                for i, o in score.objects.items()
            }

    @property
    def averages(self) -> dict[str, JF]:
        """`global`, and `seen` and `unseen` where the protocol and the data tell them apart."""
        apart = protocols.get(self.protocol).seen_and_unseen
        return groups(self.objects, self.unseen, apart=apart)

    @property
    def notes(self) -> list[str]:
        """What a reader of these numbers has to know."""
        rules = protocols.get(self.protocol)
        notes = [f"protocol {rules.name}: {rules.summary}"]
        curves = [o.J for score in self.sequences.values() for o in score.objects.values()]
        if max(map(len, curves)) >= OFFICIAL_DECAY_BREAKS_AT:
            which = "is used, as asked" if self.official_decay else "would differ"
            notes.append(
                f"from {OFFICIAL_DECAY_BREAKS_AT} frames on the official decay is wrong "
                f"(8-bit frame indices); it {which}"
            )
        if rules.seen_and_unseen and self.unseen is None:
            notes.append(
                "seen and unseen classes are not told apart: "
                "that takes meta.json beside the truth's folder and ../train/meta.json"
            )
        return notes


def score_folders(
    gt: Path,
    pred: Path,
    protocol: str = "davis2017",
    workers: int = 1,
    *,
    official_decay: bool = False,
) -> FolderScore:
    """Score PRED/SEQUENCE/FRAME.png against GT/SEQUENCE/FRAME.png.

    Args:
        gt: folder of sequences, or the folder of one.
        pred: the same for predictions; frames without truth are not read.
        protocol: a name in `vosbench.metrics.PROTOCOLS`.
        workers: threads; each scores whole sequences, and the kernels leave the GIL.
        official_decay: decay as the official code gives it, wrong from 256 frames on.

    Raises UsageError for an unknown protocol or no worker, DataError for folders that do not match
    and for masks the protocol has no answer to, naming sequence and frame.
    """
    protocols.get(protocol)
    if workers < 1:
        raise UsageError(f"{workers} workers; expected at least 1: leave the option out for one")
    pairs = _pairs(gt, pred)
    compile_seconds = warm_up()
    start = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        jobs = [pool.submit(_score_sequence, *pair, protocol) for pair in pairs]
        try:
            done = [job.result() for job in jobs]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    seconds = time.perf_counter() - start
    if not any(score.objects for score, _ in done):
        raise DataError(
            f"{gt}: protocol {protocol} scores no object there; expected masks that show one after "
            "the frame that gives it: give the folder with all true masks"
        )
    return FolderScore(
        protocol=protocol,
        sequences={score.name: score for score, _ in done},
        names={score.name: names for score, names in done},
        unseen=unseen_objects(gt) if protocols.get(protocol).seen_and_unseen else None,
        official_decay=official_decay,
        workers=workers,
        seconds=seconds,
        compile_seconds=compile_seconds,
    )


def warm_up() -> float:
    """Compile the kernels, or load them from numba's cache; the seconds that took."""
    start = time.perf_counter()
    masks = dict.fromkeys(range(3), np.eye(8, dtype=np.uint8))
    Truth(masks).score(masks)
    MaskReader.warm_up()
    return time.perf_counter() - start


def _score_sequence(
    truth: Path, prediction: Path, protocol: str
) -> tuple[SequenceScore, dict[int, str]]:
    reader = MaskReader()
    frames, answers = _frames(truth), _frames(prediction)
    numbered = all(isinstance(frame, int) for frame in frames)
    numbers = {frame: int(frame) if numbered else t for t, frame in enumerate(frames)}
    true = MaskFiles({numbers[f]: path for f, path in frames.items()}, reader)
    predicted = MaskFiles({numbers[f]: p for f, p in answers.items() if f in numbers}, reader)
    prepared = Truth(true, protocol, truth.name)
    for t in prepared.frames:
        if t not in predicted:
            raise DataError(
                f"{prediction / true.files[t].name}: no such file; protocol {protocol} scores "
                f"frame {true.files[t].stem} of sequence {truth.name}: predict it too"
            )
    return prepared.score(predicted), {t: path.stem for t, path in true.files.items()}


def _frames(folder: Path) -> dict[int | str, Path]:
    """The masks of a folder by frame, in order of their names: a number, or else the stem."""
    frames: dict[int | str, Path] = {}
    for path in sorted(folder.glob("*.png")):
        stem = path.stem
        frame = int(stem) if stem.isascii() and stem.isdigit() else stem
        if frame in frames:
            raise DataError(f"{path} and {frames[frame].name} are the same frame: remove one")
        frames[frame] = path
    return frames


def _pairs(gt: Path, pred: Path) -> list[tuple[Path, Path]]:
    """Folders of true and predicted masks, sequence by sequence."""
    true, predicted = _sequences(gt), _sequences(pred)
    if true == [gt] and predicted == [pred]:
        return [(gt, pred)]
    if true == [gt]:
        raise DataError(f"{gt} holds one sequence, {pred} holds folders: give {pred / gt.name}")
    if predicted == [pred]:
        raise DataError(f"{pred} holds one sequence, {gt} holds folders: give {gt / pred.name}")
    there = {path.name for path in predicted}
    missing = [path.name for path in true if path.name not in there]
    if missing:
        raise DataError(
            f"{pred}: no folder for {len(missing)} of the {len(true)} sequences of {gt}, first "
            f"{missing[0]}: predict them, or give a GT folder with only the sequences to score"
        )
    return [(path, pred / path.name) for path in true]


def _sequences(folder: Path) -> list[Path]:
    """The sequences in a folder, or the folder itself where it holds masks."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; expected SEQUENCE/FRAME.png inside it")
    if any(folder.glob("*.png")):
        return [folder]
    inside = [path for path in sorted(folder.iterdir()) if any(path.glob("*.png"))]
    if not inside:
        raise DataError(
            f"{folder}: no PNG masks; expected SEQUENCE/FRAME.png, or FRAME.png of one sequence"
        )
    return inside
