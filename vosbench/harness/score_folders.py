"""J and F of a folder of predicted masks against a folder of true ones."""

from __future__ import annotations

import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from vosbench.data.indexed_png import MaskReader
from vosbench.errors import DataError, UsageError
from vosbench.harness.mask_folders import MaskFiles, frames_of, pairs
from vosbench.harness.unseen import unseen_objects
from vosbench.metrics import protocols
from vosbench.metrics.averages import JF, Key, groups
from vosbench.metrics.sequence import SequenceScore, Truth
from vosbench.metrics.statistics import OFFICIAL_DECAY_BREAKS_AT, summarise


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
    both = pairs(gt, pred)
    compile_seconds = warm_up()
    start = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        jobs = [pool.submit(_score_sequence, *pair, protocol) for pair in both]
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
    frames, answers = frames_of(truth), frames_of(prediction)
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
