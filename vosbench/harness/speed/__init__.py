"""Speed: seconds per frame, split by stage, against t, with the machine's own noise beside them.

`measure` times one method in whatever process it is called from. To compare methods, give each a
`Session` (in a process of its own, if that is wanted) and let `alternate` ask them in turn.
"""

from vosbench.harness.speed.clip import Clip
from vosbench.harness.speed.clock import Clock, Timing
from vosbench.harness.speed.plan import PLAN, Plan, pin, protocol, threads
from vosbench.harness.speed.session import Session, Turn
from vosbench.harness.speed.turns import RATIO, Player, alternate, measure

__all__ = [
    "PLAN", "RATIO", "Clip", "Clock", "Plan", "Player", "Session", "Timing", "Turn", "alternate",
    "measure", "pin", "protocol", "threads",
]  # fmt: skip
