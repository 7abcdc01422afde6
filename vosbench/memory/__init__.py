"""What a memory module is, and the parts that many of them share."""

from vosbench.memory.attention import attend
from vosbench.memory.attention_cost import attention_cost
from vosbench.memory.bank import Bank, append, widen
from vosbench.memory.by_frame import visit, visit_numbers
from vosbench.memory.by_part import attend_by_part, part_numbers, parts
from vosbench.memory.checks import check_number, check_whole
from vosbench.memory.choice import join, keep_worthiest, pick, worthiest
from vosbench.memory.interface import (
    Cost,
    Frame,
    Growth,
    KeyScope,
    Memory,
    state_bytes,
    tensors,
)
from vosbench.memory.l2 import l2_left, l2_right
from vosbench.memory.policy import Track, WritePolicy
from vosbench.memory.top_k import attend_top_k

__all__ = [
    "Bank",
    "Cost",
    "Frame",
    "Growth",
    "KeyScope",
    "Memory",
    "Track",
    "WritePolicy",
    "append",
    "attend",
    "attend_by_part",
    "attend_top_k",
    "attention_cost",
    "check_number",
    "check_whole",
    "join",
    "keep_worthiest",
    "l2_left",
    "l2_right",
    "part_numbers",
    "parts",
    "pick",
    "state_bytes",
    "tensors",
    "visit",
    "visit_numbers",
    "widen",
    "worthiest",
]
