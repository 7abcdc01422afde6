"""Where a network runs: the devices that this machine has, by name."""

from __future__ import annotations

import torch

from vosbench.errors import UsageError, unknown


def device(name: str) -> torch.device:
    """The torch device called `name`; a UsageError says what this machine has if it is not one."""
    have = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    if (name == "cuda" and len(have) > 1) or name in have:
        return torch.device(name)
    if name.partition(":")[0] == "cuda":
        raise UsageError(
            f"device {name!r}: torch {torch.__version__} finds {', '.join(have[1:]) or 'no CUDA'} "
            "here; expected this one: check the driver and the torch build, or give cpu"
        )
    raise unknown("device", name, have)
