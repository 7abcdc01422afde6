"""One video through the network, frame by frame: encode, read, decode, merge, write."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from vosbench.errors import DataError, PluginError
from vosbench.memory import Track, WritePolicy, state_bytes
from vosbench.model.encoders import Query
from vosbench.model.frames import Fit, Ids, decide, one_hot, others, to_tensor
from vosbench.model.network import Network

Stage = Callable[[str], AbstractContextManager[Any]]


@dataclass
class Cohort(Track):
    """Objects that were given on the same frame and share a memory state."""

    objects: tuple[int, ...]


class Segmenter:
    """Segments one video; a new video needs a new Segmenter.

    A memory that counts its reads, under a policy of its own that has no temporary writes, counts
    with `include_previous` those right after a kept frame alone (see `Track`). Objects that are
    given later form a cohort with a state of its own; one that vanishes has an empty mask and may
    come back.

    Args:
        network: encoders, memory and decoder.
        policy: when to write; the memory's own by default.
        short_side: frames are scaled to this short side; None keeps their size.
        precision: torch.float32, or torch.bfloat16 or torch.float16 for autocast.
        stage: a context manager per named stage, for clocks.
    """

    def __init__(
        self, network: Network, *, policy: WritePolicy | None = None,
        short_side: int | None = None, precision: torch.dtype = torch.float32,
        stage: Stage = lambda name: nullcontext(),
    ) -> None:  # fmt: skip
        self.network = network
        self.policy = policy or network.memory.policy
        self.short_side = short_side
        self.precision = precision
        self.stage = stage
        self.device = next(network.parameters()).device
        self.cohorts: list[Cohort] = []
        self.fit: Fit | None = None
        self.t = 0

    @property
    def objects(self) -> tuple[int, ...]:
        """Ids of every object given so far."""
        return tuple(o for cohort in self.cohorts for o in cohort.objects)

    @property
    def state_bytes(self) -> int:
        """Bytes that live between frames."""
        return state_bytes(*((c.kept, c.live) for c in self.cohorts))

    def step(self, frame: Any, given: Ids | None = None) -> Ids:
        """Segments the next frame (H, W, 3) uint8; `given` holds the ids of objects new in it.

        Returns:
            Ids (H, W) uint8: given objects as given, the others as inferred.

        Raises:
            DataError: the first frame has no mask, or a frame differs in size from the first.
        """
        self.fit = self.fit or Fit.of(frame.shape[:2], self.short_side)
        if frame.shape[:2] != self.fit.outer:
            raise DataError(
                f"frame {self.t} is {frame.shape[:2]}; the first one is {self.fit.outer}"
            )
        device = self.device.type
        half = self.precision != torch.float32
        with torch.inference_mode(), torch.autocast(device, self.precision, enabled=half):
            ids = self._step(frame, given)
        self.t += 1
        return ids

    def _step(self, frame: Any, given: Ids | None) -> Ids:
        assert self.fit is not None  # set by `step`
        with self.stage("prepare"):
            image = self.fit.enter(to_tensor(frame, self.device))
        query = None
        if self.cohorts:
            with self.stage("encode"):
                query = self.network.encode(image)
        masks = self._infer(query) if query else None
        new: tuple[int, ...] = ()
        if given is not None:
            new = tuple(int(i) for i in sorted(set(given[given > 0].tolist()) - set(self.objects)))
            masks = self._admit(given, new, masks)
        if masks is None or not self.objects:
            raise DataError(f"frame {self.t} has no object yet: the first frame needs a mask")
        self._write(image, masks, new, query)
        with self.stage("resize"):
            masks = self.fit.leave(masks)
        with self.stage("decide"):
            ids = decide(masks, self.objects)
        if given is not None:
            ids[given > 0] = given[given > 0]
        return ids

    def _infer(self, query: Query) -> Tensor:
        """Soft masks (objects, 1, H, W) of all known objects, merged."""
        assert self.fit is not None
        with self.stage("encode"):
            skips = self.network.decoder.skips(query.f4, query.f8)
        masks, finite = [], []
        for cohort in self.cohorts:
            with self.stage("read"):
                readout = cohort.read(partial(self.network.read, query=query))
            finite.append(readout.isfinite().all())
            with self.stage("decode"):
                masks.append(self.network.decode(readout, query, skips).float().sigmoid())
        if not torch.stack(finite).all():  # asked for last: a GPU is not waited for before
            raise PluginError(f"read returned values that are not finite at frame {self.t}")
        with self.stage("decode"):
            merged = self.network.shape.merge(torch.cat(masks))
            return self.fit.blank(merged) if self.network.shape.blank_padding else merged

    def _admit(self, given: Ids, new: tuple[int, ...], masks: Tensor | None) -> Tensor | None:
        """Adds the new objects as a cohort; their pixels are taken from everyone else."""
        if not new:
            return masks
        assert self.fit is not None
        fresh = self.fit.enter(one_hot(given, new, self.device))
        self.cohorts.append(Cohort(new))
        if masks is None:
            return fresh
        return torch.cat([masks * (1 - fresh.sum(dim=0)), fresh])

    def _write(
        self, image: Tensor, masks: Tensor, new: tuple[int, ...], query: Query | None
    ) -> None:
        rest = others(masks) if self.network.shape.others else None
        start = 0
        for cohort in self.cohorts:
            rows = slice(start, start + len(cohort.objects))
            start = rows.stop
            given = cohort.objects == new
            if not self.policy.writes(self.t, given=given):
                continue
            with self.stage("memory_encode"):
                item = self.network.memorise(
                    image, masks[rows], self.t, given=given, query=query,
                    others=None if rest is None else rest[rows],
                )  # fmt: skip
            with self.stage("write"):
                cohort.write(
                    partial(self.network.store, item=item),
                    keep=self.policy.keeps(self.t, given=given),
                )
