"""Where a network runs: the devices that this machine has, by name."""

from __future__ import annotations

import torch

from vosbench.errors import unknown


def device(name: str) -> torch.device:
    """The torch device called `name`; a UsageError names what this machine has if it is not one."""
    have = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    if (name == "cuda" and len(have) > 1) or name in have:
        return torch.device(name)
    raise unknown("device", name, have)
