"""Held-out J: the weights as they stand, over videos that are not trained on."""

from __future__ import annotations

import csv
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from vosbench.data import Dataset, Video
from vosbench.errors import DataError, UsageError
from vosbench.harness import accuracy
from vosbench.harness.settings import Settings
from vosbench.harness.subject import Subject
from vosbench.metrics import Truth, protocols
from vosbench.metrics.statistics import summarise
from vosbench.model.network import Network
from vosbench.registry import get

CSV = "held_out.csv"
COLUMNS = ["step", "dataset", "sequence", "objects", "J"]
SYNTHETIC = "synthetic"  # the built-in set
ALL = "all"  # in place of a sequence: the mean over all objects of the data set


@dataclass(frozen=True)
class HeldOut:
    """Runs a network over a data set, as `vosbench bench` does; processes share the videos.

    The masks go to `held_out/DATASET/SEQUENCE/` in the run's folder, those of the last time.
    """

    method: str
    preset: str
    dataset: Dataset
    every: int  # steps
    out: Path  # the run's folder
    fabric: Fabric

    def due(self, step: int, steps: int) -> bool:
        """Whether it is time, after a step counted from 1; always after the last."""
        return step % self.every == 0 or step == steps

    def measure(self, step: int, network: Network) -> float:
        """J, the mean over all objects; every object weighs the same, as in DAVIS 2017.

        Must be called in every process; the first one writes `held_out.csv`.
        """
        settings = Settings(methods=(self.method,), preset=self.preset)
        policy = get(self.method).policy
        subject = Subject(self.method, {}, network, policy, f"step {step}", settings)
        sums = torch.zeros(len(self.dataset.videos), 2, dtype=torch.float64)
        mode = network.training
        network.eval()
        for i in range(self.fabric.global_rank, len(sums), self.fabric.world_size):
            each = self._video(subject, self.dataset.videos[i])
            sums[i] = torch.tensor([sum(each), len(each)])
        network.train(mode)
        whole = self.fabric.all_reduce(self.fabric.to_device(sums), reduce_op="sum")
        assert isinstance(whole, Tensor)  # a tensor in, a tensor out
        table = whole.cpu().numpy()
        J = float(table[:, 0].sum() / table[:, 1].sum())
        if self.fabric.is_global_zero:
            named = [v.name for v in self.dataset.videos]
            rows = [(n, int(c), s / c) for n, (s, c) in zip(named, table, strict=True)]
            self._write(step, [*rows, (ALL, int(table[:, 1].sum()), J)])
        return J

    def _video(self, subject: Subject, video: Video) -> list[float]:
        folder = self.out / "held_out" / self.dataset.name / video.name
        predictions = accuracy.segment(subject, video, folder, lambda: None)
        masks = {t: np.asarray(video.truth(t)) for t in video.annotated}
        truth = Truth(masks, self.dataset.protocol, video.name)
        score = truth.score({t: predictions[t] for t in video.annotated})
        return [summarise(o.J).mean for o in score.objects.values()]

    def _write(self, step: int, rows: list[tuple[str, int, float]]) -> None:
        """Adds a step's rows; those of later steps are of a run that was killed and is redone."""
        path = self.out / CSV
        earlier = [row for row in read(path) if int(row["step"]) < step]
        now = [
            dict(zip(COLUMNS, (step, self.dataset.name, n, c, f"{J:.6f}"), strict=True))
            for n, c, J in rows
        ]
        part = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with part.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, COLUMNS)
                writer.writeheader()
                writer.writerows([*earlier, *now])
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise DataError(
                f"{path} cannot be written ({error.strerror or error}): free the disk; the same "
                "command goes on"
            ) from error


def read(path: Path) -> list[dict[str, str]]:
    """Rows of a `held_out.csv`; none where there is no file.

    Raises:
        DataError: the file is damaged or another one's.
    """
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file, strict=True)
            rows = list(reader)
            if reader.fieldnames != COLUMNS or not all(row["step"].isdigit() for row in rows):
                raise ValueError(f"columns {reader.fieldnames}")
    except (ValueError, csv.Error, AttributeError) as error:
        raise DataError(
            f"{path} is damaged ({error}): expected columns {','.join(COLUMNS)}; move it away"
        ) from error
    return rows


def check(held: Dataset, spec: str, trained: list[list[Video]]) -> None:
    """Refuses a data set that cannot be scored, or that is trained on.

    Raises:
        DataError: a video has fewer annotated frames than its protocol scores.
        UsageError: a video is among those trained on.
    """
    theirs = {v.name for v in held.videos}
    near = (v for g in trained for v in g if v.name in theirs or v.dataset.startswith(SYNTHETIC))
    ours = {key for video in near for key in _identities(video)}
    least = protocols.get(held.protocol).least
    for video in held.videos:
        if len(video.annotated) < least:
            raise DataError(
                f"--held-out {spec}: {video.name} has {len(video.annotated)} annotated frames; "
                f"protocol {held.protocol} needs {least}: annotate more, or leave it out with "
                "--held-out-split"
            )
        if not ours.isdisjoint(_identities(video)):
            raise UsageError(
                f"--held-out {spec}: {video.name} is trained on as well: keep them apart "
                "with --split and --held-out-split"
            )


def _identities(video: Video) -> set[tuple[str, str]]:
    """Two videos are the same where one of these agrees: the name within a data set, at whatever
    size, or the name and the first frame. Names of the built-in set are options: its first frame.
    """
    first = hashlib.sha256(video.frame(0).tobytes()).hexdigest()
    if video.dataset.startswith(SYNTHETIC):
        return {(SYNTHETIC, first)}
    return {(f"{video.dataset}:", video.name), (video.name, first)}
