"""Where a network runs: the devices that this machine has, and whether their memory ran out."""

from __future__ import annotations

import torch

from vosbench.errors import UsageError, unknown

_RUN_OUT = (  # torch on a CPU: its allocator, by system, and sizes that no number holds
    "can't allocate memory", "not enough memory", "Storage size calculation overflowed",
    "Overflow when unpacking long",
)  # fmt: skip


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


def ran_out(error: BaseException) -> bool:
    """Whether an error says that there was no memory left."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError | TypeError) and any(x in str(error) for x in _RUN_OUT)
