"""What a memory module is, and the parts that many of them share."""

from vosbench.memory.interface import (
    Cost,
    Frame,
    Growth,
    KeyScope,
    Memory,
    WritePolicy,
    state_bytes,
    tensors,
)

__all__ = [
    "Cost",
    "Frame",
    "Growth",
    "KeyScope",
    "Memory",
    "WritePolicy",
    "state_bytes",
    "tensors",
]
