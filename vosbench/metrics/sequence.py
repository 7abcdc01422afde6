"""One sequence: its truth, prepared once, and the score of any number of predictions.

Shapes: mask (height, width) uint8 ids; frames are named by numbers, in any steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vosbench.errors import DataError
from vosbench.metrics import kernels as c
from vosbench.metrics import protocols
from vosbench.metrics.formulas import Curve, contour, region
from vosbench.metrics.kernels import Mask, Planes, planes, present, radius


@dataclass(frozen=True)
class ObjectScore:
    """One object of a sequence, frame by frame."""

    frames: tuple[int, ...]  # scored frames
    J: Curve  # (frames,) region similarity, 0..1
    F: Curve  # (frames,) boundary measure, 0..1
    visible: NDArray[np.bool_]  # (frames,) whether the truth shows it
    first: int | None  # first frame in which the truth shows it


@dataclass(frozen=True)
class SequenceScore:
    """One prediction of a sequence under a protocol."""

    name: str
    protocol: str
    objects: dict[int, ObjectScore]
    frames: tuple[int, ...]  # frames the protocol reads
    swaps: NDArray[np.int64]  # (frames,) pixels of one object predicted as another


class Truth:
    """The ground truth of one sequence, as bit planes that every prediction is held against.

    Args:
        masks: frame number -> mask; read once, in order of frame, and never kept.
        protocol: a name in `PROTOCOLS`.
        name: of the sequence, for messages.

    Raises DataError where the protocol has nothing to score, UsageError for an unknown protocol.
    """

    def __init__(
        self, masks: Mapping[int, Mask], protocol: str = "davis2017", name: str = "sequence"
    ) -> None:
        self.protocol = protocols.get(protocol)
        self.name = name
        self.all_frames = tuple(sorted(masks))
        skip, spare = self.protocol.ends
        self.frames = self.all_frames[skip : len(self.all_frames) - spare]
        if len(self.all_frames) < self.protocol.least:
            raise DataError(
                f"{name}: {len(masks)} annotated frames; protocol {protocol} leaves out "
                f"{skip + spare} and needs one more: annotate more frames"
            )
        self.shape: tuple[int, int] | None = None  # height, width: those of the first mask
        self._planes: dict[int, Planes] = {}
        seen = [self._prepare(t, masks[t]) for t in self.all_frames]
        self.ids = self.protocol.objects(seen)
        self._shown = np.array([[i in ids for i in self.ids] for ids in seen], dtype=np.bool_)
        if not self.ids:
            raise DataError(
                f"{name}: no object where protocol {protocol} looks for ids "
                f"({self.protocol.summary}); check the masks or choose another protocol"
            )

    def score(self, predictions: Mapping[int, Mask]) -> SequenceScore:
        """J and F of every scored object and frame.

        Args:
            predictions: frame number -> mask; frames that are not scored may be left out.

        Raises DataError for a missing frame, a wrong size, and an id the protocol has no answer to.
        """
        table = np.empty((len(self.frames), len(self.ids), c.COLUMNS), np.int64)
        swaps = np.empty(len(self.frames), np.int64)
        ids = np.array(self.ids, np.int64)
        for k, t in enumerate(self.frames):
            if t not in predictions:
                raise DataError(
                    f"{self.name}, frame {t}: no prediction; protocol {self.protocol.name} scores "
                    f"{len(self.frames)} frames: predict this one too"
                )
            prediction = self._pack(t, predictions[t])
            self._refuse_unknown(t, prediction)
            table[k], swaps[k] = c.count(self._planes[t], prediction, ids)
        return SequenceScore(
            self.name, self.protocol.name, self._objects(table), self.frames, swaps
        )

    def _objects(self, table: NDArray[np.int64]) -> dict[int, ObjectScore]:
        """Curves of each object over its own span; an object without a span is left out."""
        first = self.all_frames.index(self.frames[0])
        rows = slice(first, first + len(self.frames))
        predicted = np.zeros_like(self._shown)
        predicted[rows] = table[..., c.PREDICTION_AREA] > 0
        scored = self.protocol.span(self._shown, predicted)[rows]
        J, F = region(table), contour(table)
        objects = {}
        for k, (i, span) in enumerate(zip(self.ids, scored.T, strict=True)):
            if span.any():
                shown = self._shown[:, k]
                objects[i] = ObjectScore(
                    frames=tuple(t for t, inside in zip(self.frames, span, strict=True) if inside),
                    J=J[span, k],
                    F=F[span, k],
                    visible=shown[rows][span],
                    first=self.all_frames[int(shown.argmax())] if shown.any() else None,
                )
        return objects

    def _prepare(self, t: int, mask: Mask) -> frozenset[int]:
        """Keep the planes of a frame that is scored; the ids the frame shows."""
        if t in self.frames:
            self._planes[t] = self._pack(t, mask)
            ids = self._planes[t].ids
        else:
            ids = present(self._checked(t, mask))[0]
        void = {protocols.VOID} if self.protocol.void else set()
        return frozenset(ids.tolist()) - void

    def _pack(self, t: int, mask: Mask) -> Planes:
        checked = self._checked(t, mask)
        return planes(checked, radius(*checked.shape))

    def _checked(self, t: int, mask: Mask) -> Mask:
        """The mask as the kernel wants it, 0 and 1 under a protocol with one object."""
        self.shape = self.shape or mask.shape[:2]
        if mask.shape != self.shape or mask.dtype not in (np.uint8, np.bool_):
            raise DataError(
                f"{self.name}, frame {t}: a mask of {'x'.join(map(str, mask.shape))} {mask.dtype}; "
                f"expected {'x'.join(map(str, self.shape))} uint8 ids: save masks as indexed "
                "images of the truth's size"
            )
        ids = mask > 0 if self.protocol.binary else mask
        return np.require(ids.view(np.uint8), None, ["C", "W"])

    def _refuse_unknown(self, t: int, prediction: Planes) -> None:
        extra = sorted(set(prediction.ids.tolist()) - set(self.ids))
        if extra and self.protocol.strict:
            raise DataError(
                f"{self.name}, frame {t}: predicted id {extra[0]}, which the truth lacks; protocol "
                f"{self.protocol.name} scores ids {', '.join(map(str, self.ids))}: predict those "
                "and 0 alone, or score with protocol vos-benchmark, which ignores other ids"
            )
