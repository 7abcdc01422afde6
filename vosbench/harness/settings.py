"""What a bench run measures, in one frozen object."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HARNESSES = ("accuracy", "flops", "growth", "speed")
FRAMES = (1, 2, 5, 10, 20, 50, 100)  # t at which costs that grow are measured


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
    device: str = "cpu"  # or "cuda", "cuda:1", ...
    precision: str = "float32"  # or "bfloat16"
    seed: int = 0  # of random weights and random features
