"""What a bench run measures, in one frozen object."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vosbench.harness.capped import Capped

HARNESSES = ("accuracy", "flops", "growth", "speed")
FRAMES = (1, 2, 5, 10, 20, 50, 100)  # t at which costs that grow are measured
GROWTH_T = 100  # t to which a memory's bytes are followed by default


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One run: methods x data sets x harnesses."""

    methods: tuple[str, ...]  # "gc" or "gc:key_dim=512", see `subject.parse`
    data: tuple[str, ...] = ("synthetic",)  # "synthetic" or "davis2016=PATH", see `data.load`
    split: Path | None = None  # file that lists the sequences to take
    harnesses: tuple[str, ...] = HARNESSES
    preset: str = "mini"  # shape of the encoder-decoder
    weights: str = "auto"  # "auto" = shipped ones, "none" = random ones, else a file or a folder
    short_side: int | None = None  # frames are scaled to it; None = the preset's own
    store: Path = Path("runs/bench")  # records and predictions go here
    out: Path | None = None  # the report goes here: tried out before anything is measured
    film: bool = False  # also write each video with its masks as a film
    device: str = "cpu"  # or "cuda", "cuda:1", ...
    precision: str = "float32"  # or "bfloat16", "float16": autocast around encoders and decoder
    channels_last: bool = True  # memory layout of the network and its frames
    compile: bool = False  # torch.compile encoders and decoder
    threads: int = 0  # CPU threads; 0 = what torch takes by itself
    seed: int = 0  # of random weights and random features
    workers: int = 0  # processes that measure accuracy; they share the threads; 0 = one for each
    time_limit: float = 0.0  # seconds for a cell; 0 = an hour, and a minute for each frame
    worker_memory: float = 0.0  # GiB for a worker; 0 = its share of nine tenths of what is free
    growth_t: int = GROWTH_T  # t to which a memory's bytes are followed
    matched: tuple[Capped, ...] = ()  # methods in equal room, those left out included
    memory_limit: int | None = None  # bytes a memory may take: growth says at which t it ends
