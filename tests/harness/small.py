"""The smallest run there is, and progress that counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vosbench.harness.settings import Settings

DATA = "synthetic:length=4,size=48x64,scenario=drift"


class Ticks:
    """Progress that counts."""

    def __init__(self) -> None:
        self.promised = self.done = 0

    def begin(self, title: str, steps: int) -> None:
        assert title
        self.promised += steps

    def tick(self) -> None:
        self.done += 1


def settings(root: Path, **changed: object) -> Settings:
    plain = Settings(
        methods=("gc", "stm"), data=(DATA,), harnesses=("accuracy",), weights="none",
        short_side=48, store=root / "store",
    )  # fmt: skip
    return replace(plain, **changed)  # type: ignore[arg-type]
