"""What a memory module is, and the parts that many of them share."""

from vosbench.memory.attention import attend
from vosbench.memory.attention_cost import ReadCost, attention_cost
from vosbench.memory.bank import Bank, append, widen
from vosbench.memory.by_frame import visit
from vosbench.memory.checks import check_number, check_whole
from vosbench.memory.choice import pick, worthiest
from vosbench.memory.interface import (
    Cost,
    Frame,
    Growth,
    KeyScope,
    Memory,
    state_bytes,
    tensors,
)
from vosbench.memory.policy import Track, WritePolicy
from vosbench.memory.top_k import attend_top_k

__all__ = [
    "Bank",
    "Cost",
    "Frame",
    "Growth",
    "KeyScope",
    "Memory",
    "ReadCost",
    "Track",
    "WritePolicy",
    "append",
    "attend",
    "attend_top_k",
    "attention_cost",
    "check_number",
    "check_whole",
    "pick",
    "state_bytes",
    "tensors",
    "visit",
    "widen",
    "worthiest",
]
